/**
 * The order in which people read the pieces of a page: down a column and on with the next where running text stands in
 * columns, row by row everywhere else (tables, forms, letter heads), whatever the order in which they were drawn.
 */

/** Text without a wide gap in it. */
export type PdfPiece = { text: string; x: number; endX: number; y: number; size: number; isRightToLeft: boolean };

/** Columns inside of columns, at most. */
const deepest = 4;
/** A gutter is looked for at this many places across the width. */
const places = 120;
/** Largest share of pieces that may lie across a gutter: headings, figures, footnotes over both columns. */
const mostAcross = 0.4;
const fewestLines = 3;
/** Running text fills its column: share of the width that the middle one of its lines reaches. */
const leastFill = 0.6;
const fewestCharacters = 14;
/** Lists and questions leave more of it empty, and have longer lines than the cells of a table. */
const leastFillOfList = 0.4;
const fewestCharactersOfList = 28;
/** Pieces with baselines closer than this share of their size stand in one row. */
const rowTolerance = 0.5;

export function toReadingOrder(pieces: readonly PdfPiece[], depth = 0): PdfPiece[][] {
  const gutter = depth < deepest ? findGutter(pieces) : undefined;
  if (gutter === undefined) return toRows(pieces);
  const rows: PdfPiece[][] = [];
  let waiting: PdfPiece[] = [];
  const flush = (): void => {
    rows.push(...toRows(waiting));
    waiting = [];
  };
  for (const band of cutBands(pieces, gutter)) {
    const left = band.filter((piece) => piece.endX <= gutter);
    const right = band.filter((piece) => piece.x >= gutter);
    if (!isRunningText(left) || !isRunningText(right)) {
      waiting.push(...band);
      continue;
    }
    flush();
    const columns = isMostlyRightToLeft(band) ? [right, left] : [left, right];
    for (const column of columns) rows.push(...toReadingOrder(column, depth + 1));
  }
  flush();
  return rows;
}

/** The middle of the widest stretch, in the inner part of the width, that the fewest pieces lie across. */
function findGutter(pieces: readonly PdfPiece[]): number | undefined {
  if (pieces.length < 2 * fewestLines) return undefined;
  const left = pieces.reduce((least, { x }) => Math.min(least, x), Number.POSITIVE_INFINITY);
  const right = pieces.reduce((most, { endX }) => Math.max(most, endX), Number.NEGATIVE_INFINITY);
  const step = (right - left) / places;
  if (!(step > 0)) return undefined;
  const across = countAcross(pieces, left, step);
  const inner = across.slice(Math.floor(places * 0.15), Math.ceil(places * 0.85));
  const fewest = Math.min(...inner);
  if (fewest > pieces.length * mostAcross) return undefined;
  const limit = fewest + Math.floor(pieces.length * 0.02);
  let best = { start: 0, length: 0 };
  let start = 0;
  inner.forEach((count, index) => {
    if (count > limit) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return left + (Math.floor(places * 0.15) + best.start + best.length / 2) * step;
}

function countAcross(pieces: readonly PdfPiece[], left: number, step: number): number[] {
  const changes = new Array<number>(places + 2).fill(0);
  for (const { x, endX } of pieces) {
    const first = Math.max(0, Math.floor((x - left) / step));
    const last = Math.min(places, Math.ceil((endX - left) / step));
    changes[first] = (changes[first] ?? 0) + 1;
    changes[last] = (changes[last] ?? 0) - 1;
  }
  let open = 0;
  return changes.slice(0, places).map((change) => {
    open += change;
    return open;
  });
}

/** From top to bottom: what lies across the gutter parts what stands beside it. */
function* cutBands(pieces: readonly PdfPiece[], gutter: number): Generator<PdfPiece[]> {
  let band: PdfPiece[] = [];
  for (const piece of pieces.toSorted((one, other) => other.y - one.y)) {
    if (piece.endX <= gutter || piece.x >= gutter) {
      band.push(piece);
      continue;
    }
    if (band.length > 0) yield band;
    band = [];
    yield [piece];
  }
  if (band.length > 0) yield band;
}

function isRunningText(pieces: readonly PdfPiece[]): boolean {
  const rows = toRows(pieces);
  if (rows.length < fewestLines) return false;
  // Without the outermost: page numbers and notes in the margin do not make a column wider.
  const width =
    shareOf(
      pieces.map(({ endX }) => endX),
      0.9,
    ) -
    shareOf(
      pieces.map(({ x }) => x),
      0.1,
    );
  const fills = rows.map((row) => row.reduce((most, { x, endX }) => Math.max(most, endX - x), 0) / width);
  const characters = rows.map((row) => row.reduce((most, { text }) => Math.max(most, text.length), 0));
  const [fill, length] = [shareOf(fills, 0.5), shareOf(characters, 0.5)];
  return (
    (fill >= leastFill && length >= fewestCharacters) || (fill >= leastFillOfList && length >= fewestCharactersOfList)
  );
}

/** The value that this share of all values stays below. */
function shareOf(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? 0;
}

function toRows(pieces: readonly PdfPiece[]): PdfPiece[][] {
  const rows: PdfPiece[][] = [];
  for (const piece of pieces.toSorted((one, other) => other.y - one.y)) {
    const row = rows.at(-1);
    const first = row?.[0];
    if (row !== undefined && first !== undefined && first.y - piece.y < rowTolerance * Math.max(first.size, piece.size))
      row.push(piece);
    else rows.push([piece]);
  }
  for (const row of rows) {
    const direction = isMostlyRightToLeft(row) ? -1 : 1;
    row.sort((one, other) => direction * (one.x - other.x));
  }
  return rows;
}

function isMostlyRightToLeft(pieces: readonly PdfPiece[]): boolean {
  return pieces.filter(({ isRightToLeft }) => isRightToLeft).length > pieces.length / 2;
}
