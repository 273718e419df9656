/** What all sheets of an old Excel file share: their names, the strings, the formats of numbers. */
import { encrypted } from '../office/read-zip.ts';
import { type CellFormat, createCellFormat, toGeneral } from './spreadsheet-number-format.ts';
import type { XlsRecord } from './xls-records.ts';

export type XlsSheet = { name: string; offset: number; isHidden: boolean };
export type XlsGlobals = { sheets: XlsSheet[]; strings: string[]; formatOf(index: number): CellFormat };

const filePass = 0x2f;
const dateMode = 0x22;
const boundSheet = 0x85;
const sharedStrings = 0xfc;
const numberFormat = 0x41e;
const extendedFormat = 0xe0;
const worksheet = 0;

/** Throws DOCUMENT_ENCRYPTED. */
export function readXlsGlobals(records: Iterable<XlsRecord>): XlsGlobals {
  const sheets: XlsSheet[] = [];
  const codes = new Map<number, string>();
  const formatIds: number[] = [];
  let strings: string[] = [];
  let epoch1904 = false;
  for (const { type, data, continued } of records) {
    if (type === filePass) throw encrypted();
    if (type === dateMode) epoch1904 = data.readUInt16LE(0) === 1;
    else if (type === boundSheet && data.readUInt8(5) === worksheet) sheets.push(toSheet(data));
    else if (type === sharedStrings) strings = readSharedStrings([data, ...continued]);
    else if (type === numberFormat) codes.set(data.readUInt16LE(0), readPlainString(data, 2, 2));
    else if (type === extendedFormat) formatIds.push(data.readUInt16LE(2));
  }
  const formats = new Map<number, CellFormat>();
  return {
    sheets,
    strings,
    formatOf(index) {
      const id = formatIds[index];
      if (id === undefined) return toGeneral;
      const format = formats.get(id) ?? createCellFormat(id, codes.get(id), epoch1904);
      formats.set(id, format);
      return format;
    },
  };
}

function toSheet(data: Buffer): XlsSheet {
  return { offset: data.readUInt32LE(0), isHidden: (data.readUInt8(4) & 3) !== 0, name: readPlainString(data, 6, 1) };
}

/** A string that lies in one piece: its length in one or two bytes, its flags, its letters. */
export function readPlainString(data: Buffer, at: number, lengthBytes: 1 | 2): string {
  const length = data.readUIntLE(at, lengthBytes);
  const isWide = (data.readUInt8(at + lengthBytes) & 1) !== 0;
  const start = at + lengthBytes + 1;
  return isWide ? data.toString('utf16le', start, start + length * 2) : data.toString('latin1', start, start + length);
}

/** Strings run over from one piece into the next, where the letters may go on in the other width. */
function readSharedStrings(pieces: readonly Buffer[]): string[] {
  const cursor = createCursor(pieces);
  const strings: string[] = [];
  cursor.skip(4);
  const count = cursor.number(4);
  while (strings.length < count && !cursor.isAtEnd()) {
    const length = cursor.number(2);
    const flags = cursor.number(1);
    const runs = (flags & 8) === 0 ? 0 : cursor.number(2);
    const extra = (flags & 4) === 0 ? 0 : cursor.number(4);
    strings.push(cursor.letters(length, (flags & 1) !== 0));
    cursor.skip(runs * 4 + extra);
  }
  return strings;
}

function createCursor(pieces: readonly Buffer[]) {
  let index = 0;
  let at = 0;
  const piece = (): Buffer | undefined => {
    while (index < pieces.length && at >= (pieces[index]?.length ?? 0)) {
      at -= pieces[index]?.length ?? 0;
      index += 1;
    }
    return pieces[index];
  };
  return {
    isAtEnd: () => piece() === undefined,
    skip(count: number): void {
      at += count;
    },
    number(size: 1 | 2 | 4): number {
      const found = piece();
      if (found === undefined || at + size > found.length) {
        at += size;
        return 0;
      }
      at += size;
      return found.readUIntLE(at - size, size);
    },
    letters(count: number, startsWide: boolean): string {
      let isWide = startsWide;
      let left = count;
      let text = '';
      while (left > 0) {
        const before = index;
        const found = piece();
        if (found === undefined) break;
        if (index !== before && left < count) isWide = (found.readUInt8(at++) & 1) !== 0;
        const width = isWide ? 2 : 1;
        const taken = Math.min(left, Math.max(1, Math.floor((found.length - at) / width)));
        text += found.toString(isWide ? 'utf16le' : 'latin1', at, at + taken * width);
        at += taken * width;
        left -= taken;
      }
      return text;
    },
  };
}
