import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import type { Block, Format } from '../../ports.ts';

/** YAML as it stands, cut where a key or list element begins at the left margin. Nothing is expanded: no aliases, no tags. */
export const yamlFormat: Format = {
  name: 'yaml',
  version: 1,
  extensions: ['yaml', 'yml'],
  mediaTypes: ['application/yaml'],
  parse(bytes) {
    const { text: decoded, warnings } = decodeText(bytes);
    const text = toCanonicalText(decoded);
    const title = /^(?:title|name):[ \t]{0,20}(["']?)([^\n"'#{}[\]|>&*]{1,300})\1[ \t]{0,20}$/m.exec(
      text.slice(0, 4_096),
    )?.[2];
    return { title, text, blocks: toYamlBlocks(text), warnings };
  },
};

/** A block a top-level entry, comments above it included; small neighbours are merged by the chunker. */
function toYamlBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let start = -1;
  let end = 0;
  let commented = false;
  const close = (): void => {
    if (start >= 0) blocks.push({ kind: 'code', start, end });
    start = -1;
  };
  for (let lineStart = 0; lineStart < text.length; ) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline < 0 ? text.length : newline;
    const head = text.slice(lineStart, Math.min(lineEnd, lineStart + 100));
    if (/\S/.test(head)) {
      const isComment = head.startsWith('#');
      if (/^\S/.test(head) && !commented) close();
      if (start < 0) start = lineStart;
      commented = isComment;
      end = lineEnd;
    }
    lineStart = lineEnd + 1;
  }
  close();
  return blocks;
}
