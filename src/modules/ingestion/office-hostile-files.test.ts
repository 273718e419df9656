import { afterAll, expect, test } from 'vitest';
import { isAppError } from '#platform/errors.ts';
import { createChildPool } from '#platform/sandbox/child-pool.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';
import { createChildProcessParser } from './adapters/child-process-parser.ts';
import { ipynbFormat } from './adapters/data/ipynb-format.ts';
import { docxFormat } from './adapters/docx/docx-format.ts';
import { epubFormat } from './adapters/html/epub-format.ts';
import { odtFormat } from './adapters/office/odt-format.ts';
import { pptxFormat } from './adapters/pptx/pptx-format.ts';
import { xlsxFormat } from './adapters/spreadsheets/xlsx-format.ts';
import { markdownFormat } from './adapters/text/markdown-format.ts';
import { makeDocx, makePptx, makeXlsx, slideShape, toDocxParts, wordPart, wordText } from './testing/make-office.ts';
import { makeZip } from './testing/make-zip.ts';

const project = new URL('../../../', import.meta.url).pathname;
const pool = createChildPool({
  entry: new URL('../../app/parser-child.ts', import.meta.url),
  readable: ['src/', 'node_modules/', 'package.json'].map((name) => project + name),
  config: sandboxConfig.parse({}),
});
const formats = [markdownFormat, docxFormat, pptxFormat, xlsxFormat, odtFormat, epubFormat, ipynbFormat];
const parser = createChildProcessParser({ pool, formats });
afterAll(() => pool.close());

const outcomeOf = async (filename: string, bytes: Uint8Array): Promise<string> =>
  parser.parse(parser.formatOf(filename), { filename, bytes }, new AbortController().signal).then(
    ({ text }) => `${text.length} characters`,
    (error) => (isAppError(error) ? error.code : String(error)),
  );

const filler = (length: number): string =>
  Array.from({ length }, (_, index) => ((index * 7_919) % 9_973).toString(36)).join(' ');
const nest = (count: number, open: string, inner: string, close: string): string =>
  open.repeat(count) + inner + close.repeat(count);
const laughs = `<!DOCTYPE x [${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]>`;

test.each<[string, string, () => Uint8Array, string | RegExp]>([
  [
    'a document that expands 1,000 times to 60 MB',
    'a.docx',
    () => makeZip({ ...toDocxParts(''), 'word/document.xml': Buffer.alloc(60_000_000, ' ') }),
    'DOCUMENT_DAMAGED',
  ],
  [
    'a document inside of a document inside …',
    'a.docx',
    () => makeDocx(nest(40, '<w:tbl><w:tr><w:tc>', wordText('deep'), '</w:tc></w:tr></w:tbl>')),
    /characters|DOCUMENT_/,
  ],
  [
    'tables 1,000 deep',
    'a.docx',
    () => makeDocx(nest(1_000, '<w:tbl><w:tr><w:tc>', '', '</w:tc></w:tr></w:tbl>')),
    'DOCUMENT_DAMAGED',
  ],
  [
    'an entity bomb in a document',
    'a.docx',
    () => makeZip({ ...toDocxParts(''), 'word/document.xml': `${laughs}<a>&l9;</a>` }),
    'DOCUMENT_DAMAGED',
  ],
  [
    '300,000 comments on one word',
    'a.docx',
    () =>
      makeDocx(`<w:p>${'<w:r><w:commentReference w:id="1"/></w:r>'.repeat(300_000)}<w:r><w:t>x</w:t></w:r></w:p>`, {
        comments: wordPart('comments', `<w:comment w:id="1">${wordText(filler(2_000))}</w:comment>`),
      }),
    /DOCUMENT_|PARSER_|characters/,
  ],
  [
    '200,000 notes',
    'a.docx',
    () =>
      makeDocx(
        Array.from(
          { length: 200_000 },
          (_, index) =>
            `<w:p><w:r><w:t>${(index * 7_919) % 99_991}</w:t><w:footnoteReference w:id="${index}"/></w:r></w:p>`,
        ).join(''),
      ),
    /characters/,
  ],
  [
    'a grid of 10,000 × 10,000 merged cells',
    'a.docx',
    () =>
      makeDocx(
        `<w:tbl>${`<w:tr><w:tc><w:tcPr><w:gridSpan w:val="100000000"/></w:tcPr>${wordText('x')}</w:tc></w:tr>`.repeat(3_000)}</w:tbl>`,
      ),
    /characters|DOCUMENT_/,
  ],
  [
    '10 MB of strings that are used nowhere',
    'a.xlsx',
    () =>
      makeXlsx(
        { S: '<row r="1"><c r="A1"><v>1</v></c></row></sheetData>' },
        { strings: `<si><t>${filler(3_000_000)}</t></si>` },
      ),
    /characters|DOCUMENT_/,
  ],
  [
    'four and a half million cells',
    'a.xlsx',
    () =>
      makeXlsx({
        S: `${Array.from({ length: 45_000 }, (_, index) => `<row>${Array.from({ length: 100 }, (_, cell) => `<c><v>${(index * 7 + cell * 13) % 997}</v></c>`).join('')}</row>`).join('')}</sheetData>`,
      }),
    /DOCUMENT_TOO_LONG|PARSER_MEMORY/,
  ],
  [
    '100,000 merged ranges of the whole sheet',
    'a.xlsx',
    () =>
      makeXlsx({
        S: `${Array.from({ length: 2_000 }, (_, row) => `<row r="${row + 1}"><c r="A${row + 1}"><v>${row}</v></c><c r="ZZ${row + 1}"><v>${(row * 7_919) % 997}</v></c></row>`).join('')}</sheetData><mergeCells>${Array.from({ length: 100_000 }, (_, index) => `<mergeCell ref="A${(index % 1_000) + 1}:D${(index % 1_000) + 900}"/>`).join('')}</mergeCells>`,
      }),
    /characters/,
  ],
  [
    'a slide of groups 5,000 deep',
    'a.pptx',
    () => makePptx([nest(5_000, '<p:grpSp>', slideShape('x'), '</p:grpSp>')]),
    'DOCUMENT_DAMAGED',
  ],
  [
    'a slide of 30,000 boxes on top of each other',
    'a.pptx',
    () =>
      makePptx([
        Array.from({ length: 30_000 }, (_, index) =>
          slideShape(`${index}`, { at: [index % 97, index % 89, 500, 500] }),
        ).join(''),
      ]),
    /characters/,
  ],
  [
    'an OpenDocument table repeated without end',
    'a.odt',
    () =>
      makeZip({
        'content.xml': `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><table:table><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" table:number-rows-spanned="100000"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>`,
      }),
    /characters/,
  ],
  [
    'a notebook 100,000 lists deep',
    'a.ipynb',
    () => Buffer.from(`{"cells":${nest(100_000, '[', '', ']')}}`),
    /DOCUMENT_/,
  ],
  [
    'an e-book whose chapter closes nothing',
    'a.epub',
    () =>
      makeZip({
        'META-INF/container.xml': '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>',
        'b.opf':
          '<package><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>',
        'c.xhtml': `<p>${'<div>'.repeat(200_000)}x`,
      }),
    /DOCUMENT_|PARSER_/,
  ],
])('%s ends clearly, and the next file is read', { timeout: 90_000 }, async (_, filename, make, outcome) => {
  const bytes = make();
  const start = performance.now();
  expect(await outcomeOf(filename, bytes)).toMatch(outcome);
  expect(performance.now() - start).toBeLessThan(31_000);
  expect(await outcomeOf('next.md', Buffer.from('# Next'))).toBe('6 characters');
});
