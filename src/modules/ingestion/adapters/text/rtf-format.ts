import { AppError } from '#platform/errors.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { toMarkdownTable } from '../office/markdown-row.ts';
import { readRtf } from './rtf-tokens.ts';

/** RTF: paragraphs, headings by their outline level, rows of tables; fonts, pictures and fields' instructions stay out. */
export const rtfFormat: Format = {
  name: 'rtf',
  version: 1,
  extensions: ['rtf'],
  mediaTypes: ['application/rtf', 'text/rtf'],
  matches: (bytes) => new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart().startsWith('{\\rtf'),
  parse(bytes) {
    const { parts, title, isComplete } = readRtf(bytes);
    if (!isComplete) throw new AppError('DOCUMENT_DAMAGED', 'invalid', 'The file is cut off: a group is not closed.');
    const builder = createTextBuilder();
    let rows: string[][] = [];
    const flushTable = (): void => {
      if (rows.length > 0) builder.add('table', toMarkdownTable(rows));
      rows = [];
    };
    for (const part of parts) {
      if (part.kind === 'row') {
        rows.push(part.cells);
        continue;
      }
      flushTable();
      const { text, level } = part;
      if (level === undefined) builder.add(/^(?:[•·▪◦-]|\d{1,3}[.)])\s/.test(text) ? 'list' : 'paragraph', text);
      else builder.add('heading', `${'#'.repeat(level)} ${text}`, { level });
    }
    flushTable();
    const { text, blocks } = builder.build();
    if (blocks.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds no text.');
    return { title, text, blocks, warnings: [] };
  },
};
