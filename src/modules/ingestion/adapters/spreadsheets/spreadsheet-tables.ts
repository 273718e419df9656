/** Cells of a sheet to tables: rows that touch each other are one, an empty row ends it. */
import { AppError } from '#platform/errors.ts';
import type { OfficeWriter } from '../office/office-writer.ts';

/**
 * Rows and columns count from 0; the cells that are filled only, in the order of their columns. Their texts are one string:
 * a sheet has hundreds of thousands of rows, and a short string of its own costs several times what it says.
 */
export type SheetRow = { row: number; columns: readonly number[]; packed: string };

const between = '\0';

export const packTexts = (texts: readonly string[]): string =>
  texts.map((text) => (text.includes(between) ? text.replaceAll(between, '') : text)).join(between);

const textsOf = ({ packed }: SheetRow): string[] => packed.split(between);

export type MergedRange = { top: number; left: number; bottom: number; right: number };

/** Merged cells that are filled with what they say, in one range and in all. */
const maxRangeCells = 5_000;
const maxFilledCells = 500_000;
const longestRepeated = 200;

/** Cells of one file; more do not fit the memory of the process that reads it. */
const maxCells = 1_500_000;
const maxCharacters = 30_000_000;

/** Counts what a file holds. Throws DOCUMENT_TOO_LONG. */
export function createCellBudget(): (text: string) => void {
  let cells = 0;
  let characters = 0;
  return (text) => {
    cells += 1;
    characters += text.length;
    if (cells <= maxCells && characters <= maxCharacters) return;
    const message = `The sheets hold more than ${maxCells} cells or ${maxCharacters} characters, which is more than is read of one file. Split it.`;
    throw new AppError('DOCUMENT_TOO_LONG', 'too-large', message, { details: { maxCells, maxCharacters } });
  };
}

export function writeSheet(rows: SheetRow[], merged: readonly MergedRange[], writer: OfficeWriter): void {
  fillMerged(rows, merged);
  let start = 0;
  for (let index = 1; index <= rows.length; index += 1) {
    if (belongTogether(rows[index - 1], rows[index])) continue;
    writeBand(rows.slice(start, index), writer);
    start = index;
  }
}

/** Rows that follow each other, unless one ends left of where the other begins. */
function belongTogether(above: SheetRow | undefined, below: SheetRow | undefined): boolean {
  if (above === undefined || below === undefined || below.row !== above.row + 1) return false;
  if (above.columns.length < 2 || below.columns.length < 2) return true;
  const isLeftOf = (left: SheetRow, right: SheetRow): boolean => (left.columns.at(-1) ?? 0) < (right.columns[0] ?? 0);
  return !isLeftOf(above, below) && !isLeftOf(below, above);
}

/** A value that stands for several rows or columns is written into each, but not a line that is a row by itself. */
function fillMerged(rows: readonly SheetRow[], merged: readonly MergedRange[]): void {
  const byNumber = new Map(rows.map((row) => [row.row, row]));
  let filled = 0;
  for (const { top, left, bottom, right } of merged) {
    const area = (bottom - top + 1) * (right - left + 1);
    const text = textAt(byNumber.get(top), left);
    if (area > maxRangeCells || text === undefined || text.length > longestRepeated) continue;
    for (let number = top; number <= bottom; number += 1) {
      const row = byNumber.get(number);
      const hasOthers = row?.columns.some((column) => column < left || column > right) ?? false;
      if (row === undefined || !hasOthers) continue;
      filled += right - left + 1;
      if (filled > maxFilledCells) return;
      fillRow(row, left, right, text);
    }
  }
}

function textAt(row: SheetRow | undefined, column: number): string | undefined {
  const index = row?.columns.indexOf(column) ?? -1;
  return index < 0 || row === undefined ? undefined : textsOf(row)[index];
}

function fillRow(row: SheetRow, left: number, right: number, text: string): void {
  const first = row.columns.findIndex((column) => column >= left);
  const start = first < 0 ? row.columns.length : first;
  const covered = row.columns.filter((column) => column >= left && column <= right).length;
  const width = right - left + 1;
  row.columns = row.columns.toSpliced(start, covered, ...Array.from({ length: width }, (_, index) => left + index));
  row.packed = packTexts(textsOf(row).toSpliced(start, covered, ...Array.from({ length: width }, () => text)));
}

function writeBand(band: readonly SheetRow[], writer: OfficeWriter): void {
  for (const columns of toColumnGroups(band)) {
    const places = new Map(columns.map((column, place) => [column, place]));
    const here = band.filter((row) => row.columns.some((column) => places.has(column)));
    writeTable(here, (row) => toCells(row, places), writer);
  }
}

function toCells(row: SheetRow, places: ReadonlyMap<number, number>): readonly string[] {
  const { columns } = row;
  const texts = textsOf(row);
  if (columns.length === places.size && columns.every((column, index) => places.get(column) === index)) return texts;
  const cells: string[] = [];
  columns.forEach((column, index) => {
    const place = places.get(column);
    if (place === undefined) return;
    while (cells.length < place) cells.push('');
    cells[place] = texts[index] ?? '';
  });
  return cells;
}

/** Lines above a table are its title, a single column is no table. */
function writeTable(
  rows: readonly SheetRow[],
  cellsOf: (row: SheetRow) => readonly string[],
  writer: OfficeWriter,
): void {
  const filled = (row: SheetRow): number => cellsOf(row).filter((cell) => cell !== '').length;
  const oneText = (row: SheetRow): string => cellsOf(row).find((cell) => cell !== '') ?? '';
  const firstWide = rows.findIndex((row) => filled(row) > 1);
  if (firstWide < 0) {
    writer.paragraph(rows.map(oneText).join('\n'));
    return;
  }
  for (const title of rows.slice(0, firstWide)) writer.paragraph(oneText(title));
  const body = rows.slice(firstWide);
  // Unpacked again whenever they are gone through, and never all at once.
  writer.table({
    *[Symbol.iterator]() {
      for (const row of body) yield cellsOf(row);
    },
  });
}

/**
 * An empty column parts two tables when they begin or end at different rows; when they stand side by side all the way
 * down, it is a gap inside one.
 */
function toColumnGroups(band: readonly SheetRow[]): number[][] {
  const extents = new Map<number, { first: number; last: number }>();
  for (const { row, columns } of band) {
    for (const column of columns) {
      const extent = extents.get(column);
      if (extent === undefined) extents.set(column, { first: row, last: row });
      else extent.last = row;
    }
  }
  const all = [...extents.keys()].sort((a, b) => a - b);
  const groups: number[][] = [];
  for (const column of all) {
    const group = groups.at(-1);
    if (group !== undefined && group.at(-1) === column - 1) group.push(column);
    else groups.push([column]);
  }
  const rangeOf = (columns: readonly number[]): string => {
    const found = columns.flatMap((column) => extents.get(column) ?? []);
    const first = found.reduce((least, extent) => Math.min(least, extent.first), Number.POSITIVE_INFINITY);
    const last = found.reduce((most, extent) => Math.max(most, extent.last), 0);
    return `${first}-${last}`;
  };
  const isOverlapping = groups.length > 1 && new Set(groups.map(rangeOf)).size === groups.length;
  const isWide = groups.every((group) => group.length > 1);
  return isOverlapping && isWide ? groups : [all];
}
