/** Puts the pieces of text of a PDF page, which know only where they stand, together to lines. */

export type PdfTextItem = {
  str: string;
  /** Horizontal and vertical scale, skew, and position: [a, b, c, d, x, y]; y grows upwards. */
  transform: number[];
  width: number;
  height: number;
};

export type PdfLine = {
  page: number;
  /** Text between wide gaps: one in running text, several in a row of a table. */
  cells: string[];
  x: number;
  endX: number;
  y: number;
  /** Font size of most of the line. */
  size: number;
};

/** Gaps in shares of the font size. */
const wordGap = 0.15;
const cellGap = 1.8;
/** Baselines closer than this are one line: superscripts, subscripts. */
const baselineTolerance = 0.6;
/** Text along the margin (stamps, watermarks) counts as small print, whatever its size: it is no heading. */
const rotatedSize = 1;

export function toPdfLines(items: readonly PdfTextItem[], page: number): PdfLine[] {
  const lines: PdfLine[] = [];
  let line: PdfLine | undefined;
  let spaced = false;
  for (const item of items) {
    const { x, y, size } = placeOf(item);
    if (item.str.trim() === '') {
      spaced ||= item.str !== '';
      continue;
    }
    if (line !== undefined && isSameLine(line, x, y, size)) {
      appendItem(line, item, { x, size, spaced });
    } else {
      line = { page, cells: [item.str.trimStart()], x, endX: x + item.width, y, size };
      lines.push(line);
    }
    spaced = false;
  }
  for (const done of lines)
    done.cells = done.cells.map((cell) => cell.replaceAll(/\s+/g, ' ').trim()).filter((cell) => cell !== '');
  return lines.filter(({ cells }) => cells.length > 0);
}

function placeOf({ transform, height }: PdfTextItem): { x: number; y: number; size: number } {
  const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = transform;
  const isRotated = Math.abs(b) > Math.abs(a);
  return { x, y, size: isRotated ? rotatedSize : Math.hypot(c, d) || height || rotatedSize };
}

function isSameLine(line: PdfLine, x: number, y: number, size: number): boolean {
  const largest = Math.max(line.size, size);
  return Math.abs(y - line.y) < largest * baselineTolerance && x > line.endX - largest;
}

function appendItem(
  line: PdfLine,
  item: PdfTextItem,
  { x, size, spaced }: { x: number; size: number; spaced: boolean },
): void {
  const gap = x - line.endX;
  const last = line.cells.length - 1;
  const before = line.cells[last] ?? '';
  if (gap > cellGap * Math.max(size, line.size)) line.cells.push(item.str);
  else line.cells[last] = before + (spaced || gap > wordGap * size ? ' ' : '') + item.str;
  line.endX = Math.max(line.endX, x + item.width);
  if (size > line.size) line.size = size;
}
