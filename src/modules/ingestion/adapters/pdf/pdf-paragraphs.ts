/** Joins the lines of a PDF to paragraphs, headings, lists and tables by size and distance. Pure guessing, kept in one place. */
import type { BlockKind } from '../../ports.ts';
import type { PdfCell, PdfLine } from './pdf-lines.ts';
import { toPdfTable } from './pdf-tables.ts';

export type PdfParagraph = { kind: BlockKind; text: string; level: number | undefined; page: number };

type Open = PdfParagraph & { last: PdfLine; size: number; rows: PdfCell[][] };

const headingShare = 1.08;
const longestHeading = 160;
const maxHeadingLevels = 4;
/** Distance of baselines, in font sizes, from which a new paragraph begins. */
const paragraphGap = 1.7;
const bulletPattern = /^(?:[•‣◦▪■●○–—*-]|\(?(?:\d{1,3}|[a-z])[.)])\s+\S/;

export function toPdfParagraphs(lines: readonly PdfLine[]): PdfParagraph[] {
  const bodySize = mostCommonSize(lines);
  const levels = headingLevels(lines, bodySize);
  const paragraphs: Open[] = [];
  lines.forEach((line, index) => {
    const open = paragraphs.at(-1);
    const kind = kindOf(line, levels, isTableRow(lines, index));
    const text = textOf(line);
    if (open !== undefined && continues(open, line, kind)) {
      if (kind !== 'table') open.text = joinLines(open.text, text, kind === 'list-item');
      open.rows.push(line.cells);
      open.last = line;
    } else {
      const level = kind === 'heading' ? levels.get(roundSize(line.size)) : undefined;
      const blockKind = kind === 'list-item' ? 'list' : kind;
      paragraphs.push({
        kind: blockKind,
        text,
        level,
        page: line.page,
        last: line,
        size: line.size,
        rows: [line.cells],
      });
    }
  });
  return paragraphs.map(({ kind, text, level, page, rows }) => ({
    kind,
    text: kind === 'table' ? toPdfTable(rows) : text,
    level,
    page,
  }));
}

const textOf = ({ cells }: PdfLine): string => cells.map(({ text }) => text).join(' ');

type LineKind = 'heading' | 'paragraph' | 'table' | 'list-item';

function kindOf(line: PdfLine, levels: Map<number, number>, isRow: boolean): LineKind {
  const text = textOf(line);
  if (levels.has(roundSize(line.size)) && looksLikeHeading(text)) return 'heading';
  if (isRow) return 'table';
  return bulletPattern.test(text) ? 'list-item' : 'paragraph';
}

function looksLikeHeading(text: string): boolean {
  return text.length <= longestHeading && /\p{L}/u.test(text) && !/[.,;]$/.test(text);
}

/** A row has several cells, and so has a line next to it. */
function isTableRow(lines: readonly PdfLine[], index: number): boolean {
  const isWide = (line: PdfLine | undefined, page: number): boolean => line?.page === page && line.cells.length > 1;
  const { page = 0, cells = [] } = lines[index] ?? {};
  return cells.length > 1 && (isWide(lines[index - 1], page) || isWide(lines[index + 1], page));
}

function continues(open: Open, line: PdfLine, kind: LineKind): boolean {
  const { last } = open;
  if (last.page !== line.page) return false;
  if (kind === 'table') return open.kind === 'table';
  if (kind === 'list-item') return open.kind === 'list';
  if (kind === 'heading')
    return open.kind === 'heading' && roundSize(open.size) === roundSize(line.size) && isNext(last, line);
  if (open.kind === 'heading' || open.kind === 'table') return false;
  if (Math.abs(open.size - line.size) > open.size * 0.1) return false;
  return isNext(last, line) ? !endsParagraph(last, line) : continuesInNextColumn(last, line);
}

function isNext(last: PdfLine, line: PdfLine): boolean {
  const distance = last.y - line.y;
  return distance > 0 && distance < paragraphGap * Math.max(last.size, line.size);
}

const endsSentence = (line: PdfLine): boolean => /[.!?:]["”’)]?$/.test(textOf(line));

/** After a full stop an indented line, or one that follows a clearly shorter line, begins a new paragraph. */
function endsParagraph(last: PdfLine, line: PdfLine): boolean {
  if (!endsSentence(last)) return false;
  const indent = line.x - last.x;
  return (indent > 0.8 * line.size && indent < 6 * line.size) || last.endX < line.endX - 6 * line.size;
}

function continuesInNextColumn(last: PdfLine, line: PdfLine): boolean {
  return line.y > last.y && line.x > last.x && !endsSentence(last) && /^\p{Ll}/u.test(textOf(line));
}

const withoutSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** Mends words that were hyphenated at the end of a line; scripts without spaces are joined without one. */
function joinLines(before: string, after: string, keepLines: boolean): string {
  if (keepLines) return `${before}\n${after}`;
  if (before.endsWith('\u00AD')) return before.slice(0, -1) + after;
  if (/\p{L}-$/u.test(before.slice(-3)) && /^\p{Ll}/u.test(after)) return before.slice(0, -1) + after;
  return withoutSpaces.test(before.slice(-1)) && withoutSpaces.test(after.charAt(0))
    ? before + after
    : `${before} ${after}`;
}

const roundSize = (size: number): number => Math.round(size * 2) / 2;

function countBySize(lines: readonly PdfLine[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { size, cells } of lines) {
    const characters = cells.reduce((sum, cell) => sum + cell.text.length, 0);
    counts.set(roundSize(size), (counts.get(roundSize(size)) ?? 0) + characters);
  }
  return counts;
}

function mostCommonSize(lines: readonly PdfLine[]): number {
  let best = { size: 1, characters: 0 };
  for (const [size, characters] of countBySize(lines)) if (characters > best.characters) best = { size, characters };
  return best.size;
}

/** Sizes clearly above the body's, largest first, are the levels of headings. */
function headingLevels(lines: readonly PdfLine[], bodySize: number): Map<number, number> {
  const sizes = [...countBySize(lines).keys()].filter((size) => size >= bodySize * headingShare).sort((a, b) => b - a);
  return new Map(sizes.map((size, index) => [size, Math.min(index + 1, maxHeadingLevels)]));
}
