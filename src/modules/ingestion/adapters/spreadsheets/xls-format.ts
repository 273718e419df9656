import type { Format, ParsedDocument } from '../../ports.ts';
import { createOfficeWriter } from '../office/office-writer.ts';
import { openCompoundFile, withinBounds } from '../office/read-cfb.ts';
import { damaged, encrypted } from '../office/read-zip.ts';
import { createCellBudget, packTexts, type SheetRow, writeSheet } from './spreadsheet-tables.ts';
import { readXlsCells } from './xls-cells.ts';
import { readXlsGlobals, type XlsGlobals } from './xls-globals.ts';
import { readXlsRecords, type XlsRecord } from './xls-records.ts';

/** Excel 97 to 2003 (BIFF8): a heading a sheet, its cells as tables, like newer files. */
export const xlsFormat: Format = {
  name: 'xls',
  version: 1,
  extensions: ['xls', 'xlt'],
  mediaTypes: ['application/vnd.ms-excel'],
  parse: (bytes) => withinBounds(() => readWorkbook(bytes)),
};

function readWorkbook(bytes: Uint8Array): ParsedDocument {
  const file = openCompoundFile(bytes);
  if (file.names.includes('EncryptedPackage')) throw encrypted();
  const stream = file.read('Workbook');
  if (stream === undefined) throw damaged('The file holds no workbook of Excel 97 or later.');
  const globals = readXlsGlobals(readXlsRecords(stream, 0));
  const writer = createOfficeWriter();
  const take = createCellBudget();
  const warnings: string[] = [];
  for (const { name, offset, isHidden } of globals.sheets) {
    const { rows, merged } = readSheet(readXlsRecords(stream, offset), globals, take);
    if (rows.length === 0) continue;
    if (isHidden) warnings.push(`The sheet "${name}" is hidden in the file; it was read too.`);
    writer.heading(2, name);
    writeSheet(rows, merged, writer);
  }
  return { title: undefined, ...writer.build(), warnings };
}

function readSheet(records: Iterable<XlsRecord>, globals: XlsGlobals, take: (text: string) => void) {
  const byRow = new Map<number, Map<number, string>>();
  const { cells, merged } = readXlsCells(records, globals);
  for (const { row, column, text } of cells) {
    if (text.trim() === '') continue;
    take(text);
    const found = byRow.get(row) ?? new Map<number, string>();
    byRow.set(row, found.set(column, text));
  }
  const rows: SheetRow[] = [...byRow]
    .sort(([a], [b]) => a - b)
    .map(([row, texts]) => {
      const columns = [...texts.keys()].sort((a, b) => a - b);
      return { row, columns, packed: packTexts(columns.map((column) => texts.get(column) ?? '')) };
    });
  return { rows, merged };
}
