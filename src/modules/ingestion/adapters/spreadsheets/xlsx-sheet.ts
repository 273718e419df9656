/** One sheet of an Excel file, row by row. */
import type { OfficeWriter } from '../office/office-writer.ts';
import { childOf, isElement, visitXml, type XmlElement, xmlText } from '../office/read-xml.ts';
import type { Zip } from '../office/read-zip.ts';
import { type CellFormat, toGeneral } from './spreadsheet-number-format.ts';
import { type MergedRange, packTexts, type SheetRow, writeSheet } from './spreadsheet-tables.ts';
import { stringText } from './xlsx-strings.ts';

export type SheetContext = {
  zip: Zip;
  writer: OfficeWriter;
  strings: readonly string[];
  formats: readonly CellFormat[];
  /** Called with each cell. Throws when there are too many. */
  take(text: string): void;
};

const maxMerged = 100_000;

export async function writeSheetPart({ part, name }: { part: string; name: string }, context: SheetContext) {
  const rows: SheetRow[] = [];
  const merged: MergedRange[] = [];
  let isSorted = true;
  await visitXml(context.zip.stream(part), {
    isPart: (element) => element === 'row' || element === 'mergeCell',
    visit(element) {
      if (element.name === 'mergeCell') {
        const range = toRange(element.attributes.ref ?? '');
        if (range !== undefined && merged.length < maxMerged) merged.push(range);
        return;
      }
      const previous = rows.at(-1)?.row ?? -1;
      const row = compact(readRow(element, previous + 1, context), rows.at(-1));
      if (row.row <= previous) isSorted = false;
      if (row.columns.length > 0) rows.push(row);
    },
  });
  if (!isSorted) rows.sort((a, b) => a.row - b.row);
  if (rows.length === 0) return;
  context.writer.heading(2, name);
  writeSheet(rows, merged, context.writer);
}

/** Most rows fill the same columns as the one before: they share the list of them. */
function compact({ row, columns, packed }: SheetRow, before: SheetRow | undefined): SheetRow {
  const isSame =
    before?.columns.length === columns.length && before.columns.every((column, at) => column === columns[at]);
  return { row, columns: isSame ? before.columns : columns.slice(), packed };
}

function readRow(element: XmlElement, expected: number, context: SheetContext): SheetRow {
  const number = Number.parseInt(element.attributes.r ?? '', 10);
  const columns: number[] = [];
  const texts: string[] = [];
  let column = -1;
  for (const cell of element.children) {
    if (!isElement(cell) || cell.name !== 'c') continue;
    column = toColumn(cell.attributes.r) ?? column + 1;
    const text = readCell(cell, context);
    if (text.trim() === '') continue;
    context.take(text);
    columns.push(column);
    texts.push(text);
  }
  return { row: number > 0 ? number - 1 : expected, columns, packed: packTexts(texts) };
}

function readCell(cell: XmlElement, context: SheetContext): string {
  if (cell.attributes.t === 'inlineStr') return stringText(childOf(cell, 'is') ?? cell);
  const value = childOf(cell, 'v');
  if (value !== undefined) return toShown(cell, xmlText(value), context);
  const formula = xmlText(childOf(cell, 'f'));
  return formula === '' ? '' : `=${formula}`;
}

function toShown({ attributes }: XmlElement, raw: string, { strings, formats }: SheetContext): string {
  const type = attributes.t ?? 'n';
  if (type === 's') return strings[Number(raw)] ?? '';
  if (type === 'b') return raw === '1' ? 'TRUE' : 'FALSE';
  if (type === 'd') return raw.replace('T', ' ').replace(/ 00:00:00(?:\.0+)?Z?$/, '');
  const number = Number(raw);
  if (type !== 'n' || raw.trim() === '' || Number.isNaN(number)) return raw;
  return (formats[Number(attributes.s ?? 0)] ?? toGeneral)(number);
}

const maxColumn = 16_384;

/** `AB12` → 27. */
function toColumn(reference: string | undefined): number | undefined {
  const letters = reference === undefined ? undefined : /^\$?([A-Z]{1,3})\$?\d/.exec(reference)?.[1];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column > maxColumn ? undefined : column - 1;
}

function toRange(reference: string): MergedRange | undefined {
  const [from, to] = reference.split(':');
  const [left, right] = [toColumn(from), toColumn(to)];
  const [top, bottom] = [from, to].map((end) => Number.parseInt(/\d+$/.exec(end ?? '')?.[0] ?? '', 10) - 1);
  if (left === undefined || right === undefined || top === undefined || bottom === undefined) return undefined;
  return top >= 0 && bottom >= top && right >= left ? { top, left, bottom, right } : undefined;
}
