import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import type { Block, Format } from '../../ports.ts';

/** Plain text: paragraphs between empty lines, nothing else is read into it. */
export const textFormat: Format = {
  name: 'text',
  version: 1,
  extensions: ['txt', 'text', 'log'],
  mediaTypes: ['text/plain'],
  parse(bytes) {
    const { text: decoded, warnings } = decodeText(bytes);
    const text = toCanonicalText(decoded);
    return { title: undefined, text, blocks: toParagraphs(text), warnings };
  },
};

/** Runs of lines with something on them. */
export function toParagraphs(text: string): Block[] {
  const blocks: Block[] = [];
  let start: number | undefined;
  let lineStart = 0;
  while (lineStart < text.length) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline < 0 ? text.length : newline;
    const blank = !/\S/.test(text.slice(lineStart, lineEnd));
    if (!blank && start === undefined) start = lineStart;
    if (blank && start !== undefined) {
      blocks.push({ kind: 'paragraph', start, end: lineStart - 1 });
      start = undefined;
    }
    lineStart = lineEnd + 1;
  }
  if (start !== undefined) blocks.push({ kind: 'paragraph', start, end: text.length });
  return blocks;
}
