/** Puts the pieces of text of a PDF page, which know only where they stand, together to lines in reading order. */
import { type PdfPiece, toReadingOrder } from './pdf-reading-order.ts';

export type PdfTextItem = {
  str: string;
  /** Horizontal and vertical scale, skew, and position: [a, b, c, d, x, y]; y grows upwards. */
  transform: number[];
  width: number;
  height: number;
  /** `rtl` where the text runs from right to left. */
  dir?: string;
};

export type PdfCell = { text: string; x: number; endX: number };

export type PdfLine = {
  page: number;
  /** Text between wide gaps: one in running text, several in a row of a table. */
  cells: PdfCell[];
  x: number;
  endX: number;
  y: number;
  /** Font size of most of the line. */
  size: number;
  /** Height of the baseline on its page, 0 at the bottom and 1 at the top. */
  height: number;
};

export type PdfPage = { number: number; bottom: number; top: number };

/** Gaps in shares of the font size. */
const wordGap = 0.15;
const pieceGap = 0.9;
const cellGap = 1.4;
/** Baselines closer than this are one line: superscripts, subscripts. */
const baselineTolerance = 0.6;
/** Text along the margin (stamps, watermarks) counts as small print, whatever its size: it is no heading. */
const rotatedSize = 1;

export function toPdfLines(items: readonly PdfTextItem[], page: PdfPage): PdfLine[] {
  const pieces = toPieces(items).filter(({ text }) => text !== '');
  const upright = pieces.filter(({ size }) => size !== rotatedSize);
  const rotated = pieces.filter(({ size }) => size === rotatedSize).map((piece) => [piece]);
  return [...toReadingOrder(upright), ...rotated].map((row) => toLine(row, page));
}

type Place = { x: number; y: number; size: number };

/** Producers write a line from its start to its end, so only the place of the whole piece is guessed, not its inside. */
function toPieces(items: readonly PdfTextItem[]): PdfPiece[] {
  const pieces: PdfPiece[] = [];
  let piece: PdfPiece | undefined;
  let spaced = false;
  for (const item of items) {
    if (item.str.trim() === '') {
      spaced ||= item.str !== '';
      continue;
    }
    const place = placeOf(item);
    if (piece !== undefined && isSamePiece(piece, item, place)) appendItem(piece, item, { ...place, spaced });
    else {
      const { x, y, size } = place;
      piece = { text: item.str, x, endX: x + item.width, y, size, isRightToLeft: item.dir === 'rtl' };
      pieces.push(piece);
    }
    spaced = false;
  }
  for (const done of pieces) done.text = withoutSwappedLigatures(done.text.replaceAll(/\s+/g, ' ').trim());
  return pieces;
}

function placeOf({ transform, height }: PdfTextItem): Place {
  const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = transform;
  const isRotated = Math.abs(b) > Math.abs(a);
  return { x, y, size: isRotated ? rotatedSize : Math.hypot(c, d) || height || rotatedSize };
}

function isSamePiece(piece: PdfPiece, item: PdfTextItem, { x, y, size }: Place): boolean {
  const largest = Math.max(piece.size, size);
  if (Math.abs(y - piece.y) >= largest * baselineTolerance) return false;
  const gap = gapOf(piece, item, x);
  return gap > -largest && gap < pieceGap * largest;
}

/** Distance in the direction of the script; within a right-to-left line Latin words stand left of what was before, too. */
function gapOf(piece: PdfPiece, item: PdfTextItem, x: number): number {
  const after = x - piece.endX;
  const before = piece.x - (x + item.width);
  return piece.isRightToLeft && before > -piece.size ? before : after;
}

function appendItem(piece: PdfPiece, item: PdfTextItem, { x, size, spaced }: Place & { spaced: boolean }): void {
  const isSpaced = spaced || gapOf(piece, item, x) > wordGap * size;
  piece.text += (isSpaced ? ' ' : '') + item.str;
  piece.endX = Math.max(piece.endX, x + item.width);
  piece.x = Math.min(piece.x, x);
  if (size > piece.size) piece.size = size;
}

/**
 * A ligature of lam and alef comes out of the reader with its letters swapped. Where the alef has a hamza or a madda
 * the right order is certain: no word begins with two alefs.
 */
function withoutSwappedLigatures(text: string): string {
  return /[\u0622\u0623\u0625]\u0644/.test(text)
    ? text.replaceAll(/\u0627([\u0622\u0623\u0625])\u0644/g, '\u0627\u0644$1')
    : text;
}

function toLine(row: readonly PdfPiece[], { number, bottom, top }: PdfPage): PdfLine {
  const size = row.reduce((largest, piece) => Math.max(largest, piece.size), 0);
  const cells: PdfCell[] = [];
  for (const { text, x, endX } of row) {
    const last = cells.at(-1);
    const gap = last === undefined ? 0 : Math.max(x - last.endX, last.x - endX);
    if (last === undefined || gap > cellGap * size) cells.push({ text, x, endX });
    else Object.assign(last, { text: `${last.text} ${text}`, x: Math.min(last.x, x), endX: Math.max(last.endX, endX) });
  }
  const y = row[0]?.y ?? 0;
  return {
    page: number,
    cells,
    x: row.reduce((least, { x }) => Math.min(least, x), Number.POSITIVE_INFINITY),
    endX: row.reduce((most, { endX }) => Math.max(most, endX), Number.NEGATIVE_INFINITY),
    y,
    size: row.reduce((best, piece) => (piece.text.length > best.text.length ? piece : best), row[0] as PdfPiece).size,
    height: top > bottom ? (y - bottom) / (top - bottom) : 0.5,
  };
}
