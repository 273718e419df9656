/** Rows of cells that know where they stand to a Markdown table: what stands below each other is a column. */
import { toMarkdownTable } from '../office/markdown-row.ts';
import type { PdfCell } from './pdf-lines.ts';

type Column = { x: number; endX: number };

const mostColumns = 40;

export function toPdfTable(rows: readonly (readonly PdfCell[])[]): string {
  const columns = findColumns(rows);
  return toMarkdownTable(rows.map((row) => placeCells(row, columns)));
}

/** Cells of the fuller rows that overlap make a column; a title over several columns must not glue them together. */
function findColumns(rows: readonly (readonly PdfCell[])[]): Column[] {
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const cells = rows.filter((row) => row.length > widest / 2).flat();
  const columns: Column[] = [];
  for (const { x, endX } of cells.toSorted((left, right) => left.x - right.x)) {
    const last = columns.at(-1);
    if (last !== undefined && x < last.endX) last.endX = Math.max(last.endX, endX);
    else columns.push({ x, endX });
  }
  return columns.length >= widest && columns.length <= mostColumns ? columns : [];
}

/** Each cell goes to the column it overlaps most or stands nearest to, never before one that is filled already. */
function placeCells(row: readonly PdfCell[], columns: readonly Column[]): string[] {
  if (columns.length === 0) return row.map(({ text }) => text);
  const placed = columns.map(() => '');
  let next = 0;
  for (const cell of row.toSorted((left, right) => left.x - right.x)) {
    const column = Math.max(next, nearestColumn(cell, columns));
    const at = Math.min(column, columns.length - 1);
    placed[at] = placed[at] === '' ? cell.text : `${placed[at]} ${cell.text}`;
    next = at + 1;
  }
  return placed;
}

function nearestColumn(cell: PdfCell, columns: readonly Column[]): number {
  const distances = columns.map(({ x, endX }) => Math.max(x - cell.endX, cell.x - endX));
  return distances.indexOf(Math.min(...distances));
}
