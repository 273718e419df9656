import { AppError } from '#platform/errors.ts';
import { decodeByLabel, decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { elementsOf, isMixed, readXml, textOf, type XmlNode } from './xml-tree.ts';

/** XML: elements that hold one value as `name: value`, running text as paragraphs. Entities of a DTD are never expanded. */
export const xmlFormat: Format = {
  name: 'xml',
  version: 1,
  extensions: ['xml', 'rss', 'atom'],
  mediaTypes: ['application/xml', 'text/xml'],
  async parse(bytes) {
    const { text: source, warnings } = decodeXml(bytes);
    const root = await readXml(source);
    const builder = createTextBuilder();
    for (const part of toParts(root)) builder.add(part.isProse ? 'paragraph' : 'code', part.text);
    const { text, blocks } = builder.build();
    if (blocks.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The elements hold no text.');
    return { title: titleOf(root), text, blocks, warnings };
  },
};

function decodeXml(bytes: Uint8Array): { text: string; warnings: string[] } {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const label = /^<\?xml[^>]{0,100}encoding\s{0,4}=\s{0,4}["']([\w-]{1,40})/.exec(start)?.[1];
  const declared = label === undefined || /^utf/i.test(label) ? undefined : decodeByLabel(bytes, label);
  return declared === undefined ? decodeText(bytes) : { text: declared, warnings: [] };
}

type Part = { text: string; isProse: boolean };

const partCharacters = 4_000;

/** Lines of an outline, collected to parts of some size; running text stands alone. */
function* toParts(root: XmlNode): Generator<Part> {
  let lines: string[] = [];
  let characters = 0;
  for (const { text, isProse, isEntry } of linesOf(root)) {
    const isFull = characters > partCharacters || (isEntry && characters > 0);
    if ((isProse || isFull) && lines.length > 0) {
      yield { text: lines.join('\n'), isProse: false };
      lines = [];
      characters = 0;
    }
    if (isProse) yield { text, isProse };
    else {
      lines.push(text);
      characters += text.length;
    }
  }
  if (lines.length > 0) yield { text: lines.join('\n'), isProse: false };
}

type Line = Part & { isEntry: boolean };

/** In document order, without recursion: the tree may be as deep as its reader allows. */
function* linesOf(root: XmlNode): Generator<Line> {
  const open: { node: XmlNode; depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    const elements = elementsOf(node);
    const indent = '  '.repeat(Math.min(depth, deepestIndent));
    if (elements.length === 0 || isMixed(node)) {
      yield* valueLines(node, indent);
      continue;
    }
    yield { text: `${indent}${labelOf(node)}:`, isProse: false, isEntry: depth === 1 };
    for (const element of elements.toReversed()) open.push({ node: element, depth: depth + 1 });
  }
}

const deepestIndent = 12;

function* valueLines(node: XmlNode, indent: string): Generator<Line> {
  const text = textOf(node);
  if (isMixed(node) || /[.!?]\s/.test(text)) yield { text, isProse: true, isEntry: false };
  else if (text !== '' || node.attributes.length > 0) {
    yield { text: `${indent}${labelOf(node)}: ${text}`.trimEnd(), isProse: false, isEntry: false };
  }
}

function labelOf({ name, attributes }: XmlNode): string {
  const shown = attributes.map(([key, value]) => `${key}=${value.replaceAll(/\s+/g, ' ').trim()}`).join(', ');
  return shown === '' ? name : `${name} (${shown})`;
}

function titleOf(root: XmlNode): string | undefined {
  const places = [root, ...elementsOf(root).slice(0, 20)].flatMap((place) => elementsOf(place).slice(0, 20));
  const found = places.find(({ name }) => /^(?:\w+:)?title$/i.test(name));
  return found === undefined ? undefined : textOf(found) || undefined;
}
