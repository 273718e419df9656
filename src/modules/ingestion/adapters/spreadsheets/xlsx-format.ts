import type { Format } from '../../ports.ts';
import { findMainPart, readOwnTitle, readRelations } from '../office/office-package.ts';
import { createOfficeWriter } from '../office/office-writer.ts';
import { childOf, childrenOf, findAllXml, readXml, visitXml } from '../office/read-xml.ts';
import { openZip, type Zip } from '../office/read-zip.ts';
import { type CellFormat, createCellFormat, toGeneral } from './spreadsheet-number-format.ts';
import { createCellBudget } from './spreadsheet-tables.ts';
import { type SheetContext, writeSheetPart } from './xlsx-sheet.ts';
import { readStrings } from './xlsx-strings.ts';

/** Excel: a heading a sheet, its cells as tables with numbers and dates as shown. Formulas give their last value. */
export const xlsxFormat: Format = {
  name: 'xlsx',
  version: 1,
  extensions: ['xlsx', 'xlsm', 'xltx'],
  mediaTypes: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  async parse(bytes) {
    const zip = await openZip(bytes);
    const part = await findMainPart(zip, 'xl/workbook.xml');
    const workbook = await readXml(zip.stream(part));
    const relations = await readRelations(zip, part);
    const partOf = (type: string): string | undefined => relations.find((relation) => relation.type === type)?.target;
    const epoch1904 = /^(?:1|true)$/.test(childOf(workbook, 'workbookPr')?.attributes.date1904 ?? '');
    const take = createCellBudget();
    const writer = createOfficeWriter();
    const context: SheetContext = {
      zip,
      writer,
      strings: await readStrings(zip, partOf('sharedStrings'), take),
      formats: await readFormats(zip, partOf('styles'), epoch1904),
      take,
    };
    const warnings: string[] = [];
    for (const { attributes } of findAllXml(childOf(workbook, 'sheets'), 'sheet')) {
      const relation = relations.find(({ id }) => id === attributes['r:id']);
      if (relation?.type !== 'worksheet') continue;
      const name = attributes.name ?? '';
      if (/^(?:hidden|veryHidden)$/.test(attributes.state ?? '')) {
        warnings.push(`The sheet "${name}" is hidden in the file; it was read too.`);
      }
      await writeSheetPart({ part: relation.target, name }, context);
    }
    const { text, blocks } = writer.build();
    return { title: await readOwnTitle(zip), text, blocks, warnings };
  },
};

const maxFormats = 100_000;

async function readFormats(zip: Zip, part: string | undefined, epoch1904: boolean): Promise<CellFormat[]> {
  const codes = new Map<number, string>();
  const formats: CellFormat[] = [];
  const byId = new Map<number, CellFormat>();
  if (part === undefined) return formats;
  await visitXml(zip.stream(part), {
    isPart: (name) => name === 'numFmts' || name === 'cellXfs',
    visit(element) {
      for (const { attributes } of childrenOf(element, 'numFmt')) {
        codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
      }
      for (const { attributes } of childrenOf(element, 'xf').slice(0, maxFormats)) {
        const id = Number(attributes.numFmtId ?? 0);
        const format = byId.get(id) ?? createCellFormat(id, codes.get(id), epoch1904);
        byId.set(id, format);
        formats.push(format);
      }
    },
  });
  return formats.length > 0 ? formats : [toGeneral];
}
