/** Cells of one sheet of an old Excel file. */
import type { MergedRange } from './spreadsheet-tables.ts';
import { readPlainString, type XlsGlobals } from './xls-globals.ts';
import type { XlsRecord } from './xls-records.ts';

export type XlsCell = { row: number; column: number; text: string };

type Reader = (data: Buffer, globals: XlsGlobals) => XlsCell[];

const at = (data: Buffer): { row: number; column: number } => ({
  row: data.readUInt16LE(0),
  column: data.readUInt16LE(2),
});
const shown = (value: number, format: number, { formatOf }: XlsGlobals): string => formatOf(format)(value);

/** A number in four bytes: the upper half of a double or an integer, perhaps in hundredths. */
function toNumber(packed: Buffer, offset: number): number {
  const bits = packed.readInt32LE(offset);
  const double = Buffer.alloc(8);
  double.writeInt32LE(bits & ~3, 4);
  const value = (bits & 2) === 0 ? double.readDoubleLE(0) : bits >> 2;
  return (bits & 1) === 0 ? value : value / 100;
}

const errors: Readonly<Record<number, string>> = {
  0: '#NULL!',
  7: '#DIV/0!',
  15: '#VALUE!',
  23: '#REF!',
  29: '#NAME?',
  36: '#NUM!',
  42: '#N/A',
};
const flagOrError = (value: number, isError: boolean): string => {
  if (isError) return errors[value] ?? '#ERROR!';
  return value === 0 ? 'FALSE' : 'TRUE';
};

const formula = 0x06;
const formulaText = 0x207;
const mergedCells = 0xe5;

const readers: Readonly<Record<number, Reader>> = {
  253: (data, { strings }) => [{ ...at(data), text: strings[data.readUInt32LE(6)] ?? '' }],
  516: (data) => [{ ...at(data), text: readPlainString(data, 6, 2) }],
  515: (data, globals) => [{ ...at(data), text: shown(data.readDoubleLE(6), data.readUInt16LE(4), globals) }],
  638: (data, globals) => [{ ...at(data), text: shown(toNumber(data, 6), data.readUInt16LE(4), globals) }],
  517: (data) => [{ ...at(data), text: flagOrError(data.readUInt8(6), data.readUInt8(7) !== 0) }],
  189: readMany,
};

function readMany(data: Buffer, globals: XlsGlobals): XlsCell[] {
  const { row, column } = at(data);
  const count = Math.floor((data.length - 6) / 6);
  return Array.from({ length: count }, (_, index) => ({
    row,
    column: column + index,
    text: shown(toNumber(data, 6 + index * 6), data.readUInt16LE(4 + index * 6), globals),
  }));
}

export function readXlsCells(
  records: Iterable<XlsRecord>,
  globals: XlsGlobals,
): { cells: XlsCell[]; merged: MergedRange[] } {
  const cells: XlsCell[] = [];
  const merged: MergedRange[] = [];
  let waiting: XlsCell | undefined;
  for (const { type, data } of records) {
    if (type === formula) {
      waiting = readFormula(data, globals);
      cells.push(waiting);
    } else if (type === formulaText && waiting !== undefined) waiting.text = readPlainString(data, 0, 2);
    else if (type === mergedCells) merged.push(...readMerged(data));
    else for (const cell of readers[type]?.(data, globals) ?? []) cells.push(cell);
  }
  return { cells, merged };
}

/** The last value of a formula; a text follows in a record of its own. */
function readFormula(data: Buffer, globals: XlsGlobals): XlsCell {
  if (data.readUInt16LE(12) !== 0xffff) {
    return { ...at(data), text: shown(data.readDoubleLE(6), data.readUInt16LE(4), globals) };
  }
  const kind = data.readUInt8(6);
  const text = kind === 1 || kind === 2 ? flagOrError(data.readUInt8(8), kind === 2) : '';
  return { ...at(data), text };
}

function readMerged(data: Buffer): MergedRange[] {
  const count = Math.min(data.readUInt16LE(0), Math.floor((data.length - 2) / 8));
  return Array.from({ length: count }, (_, index) => {
    const [top, bottom, left, right] = [0, 2, 4, 6].map((field) => data.readUInt16LE(2 + index * 8 + field));
    return { top: top ?? 0, bottom: bottom ?? 0, left: left ?? 0, right: right ?? 0 };
  });
}
