import { AppError } from '#platform/errors.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { toMarkdownRow } from '../office/markdown-row.ts';

/** CSV and TSV: Markdown tables of bounded length, each under the header row again, so that a part explains itself. */
export const csvFormat: Format = {
  name: 'csv',
  version: 1,
  extensions: ['csv', 'tsv', 'tab'],
  mediaTypes: ['text/csv', 'text/tab-separated-values'],
  async parse(bytes, { filename }) {
    const { text, warnings } = decodeText(bytes);
    const { rows, complaint } = await readRows(text, /\.(?:tsv|tab)$/i.test(filename));
    const builder = createTextBuilder();
    const [header = [], ...body] = rows;
    if (header.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The table has no cells.');
    for (const part of cutRows(body)) builder.add('table', toTable(header, part));
    return { title: undefined, ...builder.build(), warnings: complaint ? [...warnings, complaint] : warnings };
  },
};

type Row = readonly string[];

const mostRows = 50;
const mostCharacters = 6_000;
const mostErrors = 20;

async function readRows(text: string, isTabbed: boolean): Promise<{ rows: string[][]; complaint?: string }> {
  const { default: papaparse } = await import('papaparse');
  const { data, errors } = papaparse.parse<string[]>(text, {
    delimiter: isTabbed ? '\t' : '',
    skipEmptyLines: 'greedy',
  });
  const rows = data.map(withoutEmptyEnd).filter((row) => row.length > 0);
  const broken = errors.filter(({ type }) => type === 'Quotes').slice(0, mostErrors);
  const first = broken[0];
  return first === undefined
    ? { rows }
    : { rows, complaint: `Row ${(first.row ?? 0) + 1} has a quote that is not closed.` };
}

function withoutEmptyEnd(row: string[]): string[] {
  let { length } = row;
  while (length > 0 && (row[length - 1] ?? '').trim() === '') length -= 1;
  return row.slice(0, length);
}

function* cutRows(rows: readonly Row[]): Generator<Row[]> {
  let part: Row[] = [];
  let characters = 0;
  for (const row of rows) {
    const length = row.reduce((sum, cell) => sum + cell.length + 3, 0);
    if (part.length > 0 && (part.length === mostRows || characters + length > mostCharacters)) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(row);
    characters += length;
  }
  if (part.length > 0 || rows.length === 0) yield part;
}

/** A header as long as a page is not repeated: it is no header, or hostile. */
const longestHeader = 2_000;

function toTable(header: Row, rows: readonly Row[]): string {
  const head = toMarkdownRow(header);
  const shown = head.length > longestHeader ? `${head.slice(0, longestHeader)}… |` : head;
  return [shown, `|${' --- |'.repeat(Math.min(header.length, longestHeader))}`, ...rows.map(toMarkdownRow)].join('\n');
}
