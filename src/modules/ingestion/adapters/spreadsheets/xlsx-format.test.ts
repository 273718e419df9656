import { expect, test } from 'vitest';
import { parseDocument } from '../../parsing/parse-document.ts';
import { makeXlsx } from '../../testing/make-office.ts';
import { createCellFormat } from './spreadsheet-number-format.ts';
import { xlsxFormat } from './xlsx-format.ts';

const parse = (bytes: Uint8Array) => parseDocument(xlsxFormat, bytes, { filename: 'a.xlsx' });
const textOf = async (bytes: Uint8Array): Promise<string> => (await parse(bytes)).text;
const text = (at: string, value: string): string => `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
const number = (at: string, value: number | string, style = 0): string =>
  `<c r="${at}" s="${style}"><v>${value}</v></c>`;
const row = (at: number, ...cells: string[]): string => `<row r="${at}">${cells.join('')}</row>`;

test('a sheet is a heading and a table; strings, formulas, booleans and errors as they are shown', async () => {
  const strings = '<si><t>Name</t></si><si><r><t>Am</t></r><r><t>ount</t></r><rPh><t>reading aid</t></rPh></si>';
  const data = `${row(1, '<c r="A1" t="s"><v>0</v></c>', '<c r="B1" t="s"><v>1</v></c>')}
    ${row(2, text('A2', 'a|b'), '<c r="B2"><f>SUM(1,2)</f><v>3</v></c>')}
    ${row(3, '<c r="A3" t="b"><v>1</v></c>', '<c r="B3" t="e"><v>#DIV/0!</v></c>')}
    ${row(4, '<c r="A4" t="str"><v>made</v></c>', '<c r="B4"><f>A1&amp;A2</f></c>')}</sheetData>`;
  expect(await textOf(makeXlsx({ Prices: data }, { strings }))).toBe(
    '## Prices\n\n| Name | Amount |\n| --- | --- |\n| a\\|b | 3 |\n| TRUE | #DIV/0! |\n| made | =A1&A2 |',
  );
});

test('numbers and dates are shown by their format', async () => {
  const styles = `<numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="[$€-407]#,##0.00;[Red]-[$€-407]#,##0.00"/></numFmts>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="10"/></cellXfs>`;
  const data = `${row(1, number('A1', 45_292, 1), number('B1', -1234.5, 2), number('C1', 0.125, 3), number('D1', 0.1 + 0.2))}${row(2, number('A2', 1), number('B2', 2))}</sheetData>`;
  expect(await textOf(makeXlsx({ S: data }, { styles }))).toContain('| 01/01/2024 | -€1,234.50 | 12.50% | 0.3 |');
  const early = makeXlsx({ S: data }, { styles, properties: '<workbookPr date1904="1"/>' });
  expect(await textOf(early)).toContain('| 02/01/2028 |');
});

test.each<[string, number, string]>([
  ['General', 1234567.891, '1234567.891'],
  ['0', 2.5, '3'],
  ['#,##0', 1234567, '1,234,567'],
  ['#,##0.0#', 0.5, '0.5'],
  ['0.0,,"M"', 12_345_678, '12.3M'],
  ['00000', 42, '00042'],
  ['0.00_);(0.00)', -3, '(3.00)'],
  ['0;-0;"none"', 0, 'none'],
  ['[>=100]"many";"few"', 7, 'few'],
  ['[>=100]"many";"few"', 100, 'many'],
  ['yyyy-mm-dd hh:mm:ss', 45_292.75, '2024-01-01 18:00:00'],
  ['h:mm AM/PM', 0.5, '12:00 PM'],
  ['[h]:mm', 1.25, '30:00'],
  ['mmm d, yyyy', 59, 'Feb 28, 1900'],
  ['dddd', 45_292, 'Monday'],
  ['mm:ss.0', 0.000_694_5, '01:00.0'],
  ['"Total: "0.0', 1.25, 'Total: 1.3'],
  ['0.00E+00', 12_345, '12345'],
  ['# ?/?', 0.5, '0.5'],
  ['@', 5, '5'],
  ['yyyy', 9e9, '9000000000'],
])('%s shows %d as %s', (code, value, shown) => {
  expect(createCellFormat(200, code, false)(value)).toBe(shown);
});

test('merged cells stand where they cover a row, a title line stands above its table', async () => {
  const data = `${row(1, text('A1', 'Report'))}${row(2, text('A2', 'Area'), text('B2', 'Year'), text('C2', 'Sum'))}
    ${row(3, text('A3', 'North'), number('B3', 2023), number('C3', 1))}${row(4, number('B4', 2024), number('C4', 2))}</sheetData>
    <mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A3:A4"/><mergeCell ref="A1:XFD1048576"/></mergeCells>`;
  expect(await textOf(makeXlsx({ S: data }))).toBe(
    '## S\n\nReport\n\n| Area | Year | Sum |\n| --- | --- | --- |\n| North | 2023 | 1 |\n| North | 2024 | 2 |',
  );
});

test('an empty row ends a table; equal cells of a row all stay', async () => {
  const data = `${row(1, number('A1', 0), number('B1', 0))}${row(3, number('A3', 1), number('B3', 2))}</sheetData>`;
  expect(await textOf(makeXlsx({ S: data }))).toBe('## S\n\n| 0 | 0 |\n| --- | --- |\n\n| 1 | 2 |\n| --- | --- |');
});

test('a hidden sheet is read and said', async () => {
  const cells = `${row(1, text('A1', 'x'))}</sheetData>`;
  const { warnings, text: all } = await parse(
    makeXlsx({ Open: cells, Back: cells }, { states: { Back: 'veryHidden' } }),
  );
  expect(all).toContain('## Back');
  expect(warnings).toEqual(['The sheet "Back" is hidden in the file; it was read too.']);
});

test('a single cell at the far corner costs nothing', async () => {
  const data = `${row(1, text('A1', 'near'))}${row(1_048_576, text('XFD1048576', 'far'))}</sheetData>`;
  expect(await textOf(makeXlsx({ S: data }))).toBe('## S\n\nnear\n\nfar');
});

test('a workbook that says more than fits a reader is refused in words, and not by what happens then', async () => {
  const strings = `<si><t>${'long '.repeat(100_000)}</t></si>`;
  const rows = Array.from({ length: 100 }, (_, index) => row(index + 1, `<c r="A${index + 1}" t="s"><v>0</v></c>`));
  await expect(parse(makeXlsx({ Large: `${rows.join('')}</sheetData>` }, { strings }))).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LONG',
    kind: 'too-large',
    message: expect.stringMatching(/1500000 cells or 30000000 characters.*Split it\.$/),
  });
});

test('a NUL in a cell parts no cells', async () => {
  const data = `${row(1, text('A1', 'a_x0000_b'), text('B1', 'c'))}${row(2, text('A2', 'd'), text('B2', 'e'))}</sheetData>`;
  expect(await textOf(makeXlsx({ S: data }))).toContain('| ab | c |');
});
