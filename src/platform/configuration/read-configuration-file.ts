/** The YAML file as plain data, with the line of each key. */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';

export type ConfigurationFile = { path: string; text: string };

export type FileContent = {
  tree: Record<string, unknown>;
  /** `nexus.config.yaml:12` for the key at this path, or for the nearest one above it. */
  originOf(keys: readonly PropertyKey[]): string;
  problems: { origin: string; message: string; fix: string }[];
};

const maxFileCharacters = 1024 ** 2;
const maxAliases = 100;

function offsetOf(root: Node | null, keys: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = 0;
  for (const key of keys) {
    if (!isMap(node)) return offset;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    if (pair === undefined) return offset;
    offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
    node = pair.value;
  }
  return offset;
}

const isPlainTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Never throws: what cannot be read is a problem, and the tree is empty then. */
export function readConfigurationFile({ path, text }: ConfigurationFile): FileContent {
  const whole = { tree: {}, originOf: () => path };
  if (text.length > maxFileCharacters) {
    const fix = 'Remove what is not configuration.';
    return { ...whole, problems: [{ origin: path, message: `is longer than ${maxFileCharacters} characters.`, fix }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const lineAt = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    // Only the code: the parser's sentences may repeat a value, which may be a secret.
    const problems = document.errors.map(({ code, pos }) => ({
      origin: lineAt(pos[0]),
      message: `is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')}).`,
      fix: 'Check indentation, colons and quotes on this line.',
    }));
    return { ...whole, problems };
  }
  const originOf = (keys: readonly PropertyKey[]) => lineAt(offsetOf(document.contents, keys));
  try {
    const tree: unknown = document.toJS({ maxAliasCount: maxAliases });
    if (isPlainTree(tree)) return { tree, originOf, problems: [] };
    if (tree === null) return { ...whole, problems: [] };
  } catch {
    const fix = 'Write the values out.';
    return { ...whole, problems: [{ origin: path, message: 'uses too many YAML aliases.', fix }] };
  }
  const fix = 'Write lines like `http:` with indented settings under it.';
  return { ...whole, problems: [{ origin: lineAt(0), message: 'is not a mapping of names to values.', fix }] };
}
