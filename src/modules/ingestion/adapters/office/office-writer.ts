/** Writes headings, lists, tables and paragraphs of office documents as the Markdown-like text that HTML becomes too. */
import { toHeadingTitle } from '../../parsing/document-title.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Block, BlockKind } from '../../ports.ts';

export type OfficeWriter = {
  /** Page of what is added from now on; undefined when the format has none. */
  page: number | undefined;
  heading(level: number, text: string): void;
  paragraph(text: string): void;
  /** `marker` as it is shown: `-`, `3.`, `b)`. Items that follow each other are one list. */
  listItem(item: { depth: number; marker: string; text: string }): void;
  /** What follows is another list. */
  endList(): void;
  /** `rows` are gone through twice. */
  table(rows: Iterable<readonly string[]>): void;
  quote(text: string): void;
  code(text: string, language?: string): void;
  /** A block that is Markdown already. */
  asWritten(kind: BlockKind, text: string, level?: number): void;
  /** Characters so far. */
  readonly length: number;
  /** The first heading of the highest level. */
  readonly mainHeading: string | undefined;
  build(): { text: string; blocks: Block[] };
};

const deepestHeading = 6;
const deepestListIndent = 8;

export function createOfficeWriter(): OfficeWriter {
  const builder = createTextBuilder();
  let list: { lines: string[]; page: number | undefined } | undefined;
  let main: { level: number; text: string } | undefined;
  const write = (kind: BlockKind, text: string, page: number | undefined, level?: number): void =>
    builder.add(kind, text, { ...(level !== undefined && { level }), ...(page !== undefined && { page }) });
  const flushList = (): void => {
    if (list !== undefined) write('list', list.lines.join('\n'), list.page);
    list = undefined;
  };
  const add = (kind: BlockKind, text: string, level?: number): void => {
    if (text.trim() === '') return;
    flushList();
    write(kind, text, writer.page, level);
  };
  const noteHeading = (level: number, text: string): void => {
    if (main === undefined || level < main.level) main = { level, text };
  };
  const writer: OfficeWriter = {
    page: undefined,
    heading(wanted, source) {
      const text = toOneLine(source);
      if (text === '') return;
      const level = Math.min(Math.max(1, wanted), deepestHeading);
      noteHeading(level, text);
      add('heading', `${'#'.repeat(level)} ${text}`, level);
    },
    paragraph: (text) => add('paragraph', toLines(text)),
    listItem({ depth, marker, text }) {
      const line = toOneLine(text);
      if (line === '') return;
      list ??= { lines: [], page: writer.page };
      list.lines.push(`${'  '.repeat(Math.min(depth, deepestListIndent))}${marker} ${line}`);
    },
    endList: flushList,
    table: (rows) => add('table', toMarkdownTable(rows)),
    quote: (text) => add('quote', toLines(text).replaceAll(/^/gm, '> ')),
    code(source, language = '') {
      const code = source.replaceAll(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd();
      if (code.trim() === '') return;
      const longest = code.match(/`{3,}/g)?.reduce((most, run) => Math.max(most, run.length), 2) ?? 2;
      const fence = '`'.repeat(longest + 1);
      add('code', `${fence}${language}\n${code}\n${fence}`);
    },
    asWritten(kind, text, level) {
      if (kind === 'heading') noteHeading(level ?? deepestHeading, toHeadingTitle(text));
      add(kind, text, level);
    },
    get length() {
      return builder.length;
    },
    get mainHeading() {
      return main?.text;
    },
    build() {
      flushList();
      return builder.build();
    },
  };
  return writer;
}

export const toOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

export const toLines = (text: string): string =>
  text
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{2,}/g, '\n')
    .trim();

/** Rows without a word are dropped, and columns too; the first row is the head. Empty when nothing is left. */
export function toMarkdownTable(rows: Iterable<readonly string[]>): string {
  const used = new Set<number>();
  for (const row of rows) {
    row.forEach((cell, column) => {
      if (cell !== '') used.add(column);
    });
  }
  const columns = [...used].sort((a, b) => a - b);
  const lines: string[] = [];
  for (const row of rows) {
    if (!row.some((cell) => cell !== '')) continue;
    lines.push(`| ${columns.map((column) => toCell(row[column])).join(' | ')} |`);
    if (lines.length === 1) lines.push(`|${' --- |'.repeat(columns.length)}`);
  }
  return lines.join('\n');
}

function toCell(text = ''): string {
  const line = /\s/.test(text) ? toOneLine(text) : text;
  return line.includes('|') ? line.replaceAll('|', '\\|') : line;
}
