import { afterAll, expect, test } from 'vitest';
import { isAppError } from '#platform/errors.ts';
import { createChildPool } from '#platform/sandbox/child-pool.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';
import { createChildProcessParser } from './adapters/child-process-parser.ts';
import { htmlFormat } from './adapters/html/html-format.ts';
import { pdfFormat } from './adapters/pdf/pdf-format.ts';
import { markdownFormat } from './adapters/text/markdown-format.ts';
import { textFormat } from './adapters/text/text-format.ts';
import { makePdf, toPdfContent } from './testing/make-pdf.ts';

const project = new URL('../../../', import.meta.url).pathname;
const openPool = (deadlineMs: number) =>
  createChildPool({
    entry: new URL('../../app/parser-child.ts', import.meta.url),
    readable: ['src/', 'node_modules/', 'package.json'].map((name) => project + name),
    config: sandboxConfig.parse({ deadlineMs }),
  });
const pool = openPool(20_000);
/** For files that are read until the time is over, however long that is. */
const impatientPool = openPool(3_000);
const formats = [markdownFormat, textFormat, htmlFormat, pdfFormat];
const parser = createChildProcessParser({ pool, formats });
const impatientParser = createChildProcessParser({ pool: impatientPool, formats });
const never = new AbortController().signal;
afterAll(() => Promise.all([pool.close(), impatientPool.close()]));

const parse = async (filename: string, bytes: Uint8Array | string, by = parser) =>
  by.parse(by.formatOf(filename), { filename, bytes: Buffer.from(bytes as string) }, never);

const outcomeOf = async (filename: string, bytes: Uint8Array | string, by = parser): Promise<string> =>
  parse(filename, bytes, by).then(
    ({ text }) => `${text.length} characters`,
    (error) => (isAppError(error) ? error.code : String(error)),
  );

const blanks = (length: number): Buffer => Buffer.alloc(length, ' ');
const garbage = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * index * 31 + index * 7) % 256));
const showText = toPdfContent([[12, 10, 10, 'bomb']]);

test.each<[string, string, () => Uint8Array | string, string | RegExp]>([
  [
    'a PDF that inflates to 700 MB',
    'a.pdf',
    () => makePdf(blanks(700_000_000), { compress: true }),
    /^PARSER_(?:MEMORY|TIMEOUT)$/,
  ],
  [
    'a PDF of ten million words',
    'a.pdf',
    () => makePdf(`${showText}\n`.repeat(10_000_000), { compress: true }),
    /^PARSER_(?:MEMORY|TIMEOUT)$/,
  ],
  ['half a PDF', 'a.pdf', () => makePdf(showText).subarray(0, 200), 'DOCUMENT_DAMAGED'],
  ['HTML of depth 100,000', 'a.html', () => '<div>'.repeat(100_000), 'DOCUMENT_DAMAGED'],
  [
    'an element with 300,000 attributes',
    'a.html',
    () => `<p ${Array.from({ length: 300_000 }, (_, index) => `a${index}`).join(' ')}>x`,
    'PARSER_TIMEOUT',
  ],
  ['50 MB on a single line', 'a.txt', () => Buffer.alloc(50_000_000, 'word '), '50000000 characters'],
  ['50 MB without a space, as Markdown', 'a.md', () => Buffer.alloc(50_000_000, 'x'), '50000000 characters'],
  ['binary garbage as Markdown', 'a.md', () => garbage, 'DOCUMENT_ENCODING'],
  [
    'invalid UTF-8',
    'a.md',
    () => Buffer.concat([Buffer.from('日本語'), Buffer.from([0xff, 0xc0])]),
    'DOCUMENT_ENCODING',
  ],
  ['nothing', 'a.txt', () => '', 'DOCUMENT_EMPTY'],
])('%s ends clearly, and the next file is read', { timeout: 90_000 }, async (_, filename, make, outcome) => {
  const hostile = outcomeOf(filename, make(), outcome === 'PARSER_TIMEOUT' ? impatientParser : parser);
  expect(await outcomeOf('other.md', '# Other')).toBe('7 characters');
  expect(await hostile).toMatch(outcome);
  expect(await outcomeOf('next.md', '# Next')).toBe('6 characters');
});

test('an unknown ending is refused with what is known, before anything is started', () => {
  expect(() => parser.formatOf('macro.XLSM')).toThrow(
    expect.objectContaining({
      code: 'FORMAT_UNSUPPORTED',
      kind: 'unsupported',
      message: expect.stringContaining('markdown'),
    }),
  );
  expect(() => parser.formatOf('no-ending')).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }));
  expect(parser.formatOf('REPORT.PDF').name).toBe('pdf');
});

test('text, blocks, title, warnings and analysis come through the pipe as they are', async () => {
  const document = await parse('a.md', Buffer.from('# Caf\xe9\n\n- a\n', 'latin1'));
  expect(document).toEqual({
    title: 'Café',
    text: '# Café\n\n- a\n',
    blocks: [
      { kind: 'heading', level: 1, start: 0, end: 6 },
      { kind: 'list', start: 8, end: 11 },
    ],
    warnings: ['The file is not valid UTF-8 (byte 5); it was read as Windows-1252.'],
    analysis: expect.objectContaining({ entities: [], classification: expect.anything() }),
  });
});
