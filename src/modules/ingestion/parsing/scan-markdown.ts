/**
 * Says which lines of a Markdown source are a heading, list, table, code, quote or paragraph. One pass, linear in the
 * length; what a renderer would do with the inside of a line is not its business.
 */

import type { Block } from '../ports.ts';
import { toTitle } from './document-title.ts';

export type ScannedMarkdown = { blocks: Block[]; frontMatterTitle: string | undefined };

/** What a reader found: the line after it, and its block unless the lines are to stay unread. */
type Found = { next: number; block?: Pick<Block, 'kind' | 'level'> };

type Scan = {
  lines: Lines;
  /** Inside a list or an admonition, where four spaces do not mean code. */
  indentedIsText: boolean;
};

const fencePattern = /^\s*(`{3,}|~{3,})/;
const listPattern = /^\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const delimiterPattern = /^[\s|:-]*-[\s|:-]*$/;
const admonitionPattern = /^\s*(?:!!!|\?\?\?\+?|===\+?!?|\/{3,})\s*["\w|]/;
const setextPattern = /^ {0,3}(=+|-+)\s*$/;
const headingPattern = /^ {0,3}(#{1,6})(?:\s|$)/;
const longestMarker = 200;

export function scanMarkdown(text: string): ScannedMarkdown {
  const lines = toLines(text);
  const scan: Scan = { lines, indentedIsText: false };
  const frontMatter = readFrontMatter(lines);
  const readers = [
    createCommentReader(lines),
    readFence,
    readHeading,
    readTable,
    readQuote,
    readList,
    readIndentedCode,
    readParagraph,
  ];
  const blocks: Block[] = [];
  let index = frontMatter?.next ?? 0;
  while (index < lines.count) {
    if (lines.isBlank(index)) {
      index += 1;
      continue;
    }
    const found = firstFound(readers, scan, index);
    if (found.block !== undefined)
      blocks.push({ ...found.block, start: lines.start(index), end: lines.end(found.next - 1) });
    index = found.next;
  }
  return { blocks, frontMatterTitle: frontMatter?.title };
}

function firstFound(readers: ((scan: Scan, index: number) => Found | undefined)[], scan: Scan, index: number): Found {
  for (const read of readers) {
    const found = read(scan, index);
    if (found !== undefined) return found;
  }
  return { next: index + 1, block: { kind: 'paragraph' } };
}

type Lines = ReturnType<typeof toLines>;

function toLines(text: string) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const start = (index: number): number => starts[index] ?? text.length;
  const end = (index: number): number => (index + 1 < starts.length ? start(index + 1) - 1 : text.length);
  const at = (index: number): string => text.slice(start(index), end(index));
  return {
    text,
    count: starts.length,
    start,
    end,
    at,
    /** Enough of the line to see by what it is introduced. */
    head: (index: number): string => text.slice(start(index), Math.min(end(index), start(index) + longestMarker)),
    isBlank: (index: number): boolean => !/\S/.test(at(index)),
  };
}

function readFrontMatter(lines: Lines): { next: number; title: string | undefined } | undefined {
  const fence = lines.head(0).trimEnd();
  if (fence !== '---' && fence !== '+++') return undefined;
  let title: string | undefined;
  for (let index = 1; index < lines.count; index += 1) {
    const line = lines.head(index).trimEnd();
    if (line === fence || (fence === '---' && line === '...')) return { next: index + 1, title };
    const named = /^title\s*[:=]\s*(.*)$/.exec(lines.at(index).slice(0, 1_000));
    title ??= named?.[1] === undefined ? undefined : toTitle(named[1].replace(/^(["'])(.*)\1\s*$/, '$2')) || undefined;
  }
  return undefined;
}

/** An HTML comment that fills its lines stays unread. The next end mark is looked up once, however many comments open before it. */
function createCommentReader(lines: Lines) {
  let nextEnd = -1;
  let found: Found | undefined;
  return (_: Scan, index: number): Found | undefined => {
    const head = /^ {0,3}<!--/.exec(lines.head(index));
    if (head === null) return undefined;
    const inside = lines.start(index) + head[0].length;
    if (nextEnd < inside) {
      const end = lines.text.indexOf('-->', inside);
      nextEnd = end < 0 ? Number.POSITIVE_INFINITY : end;
      found = end < 0 ? undefined : closeComment(lines, index, end);
    }
    return found;
  };
}

function closeComment(lines: Lines, index: number, end: number): Found | undefined {
  let last = index;
  while (lines.end(last) < end) last += 1;
  return /\S/.test(lines.text.slice(end + 3, lines.end(last))) ? undefined : { next: last + 1 };
}

function readFence({ lines }: Scan, index: number): Found | undefined {
  const mark = fencePattern.exec(lines.head(index))?.[1];
  if (mark === undefined) return undefined;
  let next = index + 1;
  while (next < lines.count && !closesFence(lines.head(next), mark)) next += 1;
  return { next: Math.min(next + 1, lines.count), block: { kind: 'code' } };
}

function closesFence(line: string, mark: string): boolean {
  const closing = line.trim();
  return closing.length >= mark.length && closing === mark.charAt(0).repeat(closing.length);
}

function readHeading(scan: Scan, index: number): Found | undefined {
  const level = headingPattern.exec(scan.lines.head(index))?.[1]?.length;
  if (level === undefined) return undefined;
  scan.indentedIsText = false;
  return { next: index + 1, block: { kind: 'heading', level } };
}

function startsTable({ lines }: Scan, index: number): boolean {
  if (index + 1 >= lines.count || !lines.head(index).includes('|')) return false;
  const delimiter = lines.head(index + 1);
  return delimiter.includes('|') && delimiterPattern.test(delimiter);
}

function readTable(scan: Scan, index: number): Found | undefined {
  if (!startsTable(scan, index)) return undefined;
  let next = index + 2;
  while (next < scan.lines.count && scan.lines.at(next).includes('|')) next += 1;
  return { next, block: { kind: 'table' } };
}

const isQuote = (line: string): boolean => /^\s{0,3}>/.test(line);

function readQuote(scan: Scan, index: number): Found | undefined {
  if (!isQuote(scan.lines.head(index))) return undefined;
  scan.indentedIsText = false;
  let next = index + 1;
  while (next < scan.lines.count && continuesQuote(scan, next)) next += 1;
  return { next, block: { kind: 'quote' } };
}

function continuesQuote(scan: Scan, index: number): boolean {
  return isQuote(scan.lines.head(index)) || !(scan.lines.isBlank(index) || interrupts(scan, index));
}

/** A list goes on over its indented and its lazy lines, and over one empty line when the next line belongs to it. */
function readList(scan: Scan, index: number): Found | undefined {
  const { lines } = scan;
  if (!startsList(scan, index)) return undefined;
  scan.indentedIsText = true;
  let next = index + 1;
  while (next < lines.count && continuesList(scan, next)) next += 1;
  while (lines.isBlank(next - 1)) next -= 1;
  return { next, block: { kind: 'list' } };
}

function startsList(scan: Scan, index: number): boolean {
  const head = scan.lines.head(index);
  return listPattern.test(head) && !isRule(head) && (scan.indentedIsText || !/^(?: {4}|\t)/.test(head));
}

function continuesList(scan: Scan, index: number): boolean {
  const { lines } = scan;
  if (lines.isBlank(index)) {
    const after = lines.head(index + 1);
    return (
      index + 1 < lines.count && !lines.isBlank(index + 1) && (/^(?: {2}|\t)/.test(after) || listPattern.test(after))
    );
  }
  return listPattern.test(lines.head(index)) || !interrupts(scan, index);
}

const isRule = (line: string): boolean =>
  /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/.test(line.slice(0, 100));

/** Four spaces after an empty line are code, except where a list or an admonition explains them. */
function readIndentedCode(scan: Scan, index: number): Found | undefined {
  const { lines } = scan;
  const isIndented = (line: number): boolean => /^(?: {4}|\t)/.test(lines.head(line));
  if (scan.indentedIsText || !isIndented(index)) return undefined;
  let next = index + 1;
  while (next < lines.count && (isIndented(next) || (lines.isBlank(next) && isIndented(next + 1)))) next += 1;
  return { next, block: { kind: 'code' } };
}

/** A paragraph, or a heading when a rule of `=` or `-` underlines it. */
function readParagraph(scan: Scan, index: number): Found {
  const { lines } = scan;
  if (admonitionPattern.test(lines.head(index))) {
    scan.indentedIsText = true;
    return { next: index + 1, block: { kind: 'paragraph' } };
  }
  if (isRule(lines.head(index))) return { next: index + 1, block: { kind: 'paragraph' } };
  if (!/^\s/.test(lines.head(index))) scan.indentedIsText = false;
  let next = index + 1;
  while (next < lines.count && !lines.isBlank(next)) {
    const underline = setextPattern.exec(lines.head(next))?.[1];
    if (underline !== undefined) {
      scan.indentedIsText = false;
      return { next: next + 1, block: { kind: 'heading', level: underline.startsWith('=') ? 1 : 2 } };
    }
    if (interrupts(scan, next) || startsList(scan, next)) break;
    next += 1;
  }
  return { next, block: { kind: 'paragraph' } };
}

/** Lines that end a paragraph, list or quote without an empty line before them. */
function interrupts(scan: Scan, index: number): boolean {
  const head = scan.lines.head(index);
  return (
    fencePattern.test(head) ||
    headingPattern.test(head) ||
    isRule(head) ||
    /^ {0,3}(?:>|<!--)/.test(head) ||
    admonitionPattern.test(head) ||
    startsTable(scan, index)
  );
}
