import fc from 'fast-check';
import { expect, test } from 'vitest';
import { htmlFormat } from './adapters/html/html-format.ts';
import { pdfFormat } from './adapters/pdf/pdf-format.ts';
import { markdownFormat } from './adapters/text/markdown-format.ts';
import { textFormat } from './adapters/text/text-format.ts';
import { parseDocument } from './parsing/parse-document.ts';
import type { Format } from './ports.ts';
import { makePdf, toPdfContent } from './testing/make-pdf.ts';

const parse = (format: Format, source: string | Buffer) =>
  parseDocument(format, Buffer.from(source as string), { filename: 'x' });
const blocksOf = async (format: Format, source: string | Buffer): Promise<string[]> => {
  const { text, blocks } = await parse(format, source);
  return blocks.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);
};

test.each([markdownFormat, textFormat, htmlFormat])('$name stores canonical text: NFC, LF, no NUL', async (format) => {
  const { text } = await parse(format, `\uFEFFe\u0301tat\r\nnext\0 line\rlast ${'word '.repeat(50)}`);
  expect(text).toContain('état');
  expect(text).not.toMatch(/[\r\0\uFEFF]/);
});

test.each([
  ['markdown', markdownFormat, '', 'DOCUMENT_EMPTY'],
  ['markdown', markdownFormat, ' \n\t\n\u200B', 'DOCUMENT_EMPTY'],
  ['markdown', markdownFormat, '---\ntitle: Only\n---\n', 'DOCUMENT_WITHOUT_TEXT'],
  ['html', htmlFormat, '<html><script>var a = 1</script><img src=a>', 'DOCUMENT_WITHOUT_TEXT'],
  ['pdf', pdfFormat, makePdf('0 0 10 10 re f'), 'DOCUMENT_WITHOUT_TEXT'],
  ['pdf', pdfFormat, 'no PDF at all', 'DOCUMENT_DAMAGED'],
  ['pdf', pdfFormat, makePdf('').subarray(0, 300), 'DOCUMENT_DAMAGED'],
  ['pdf', pdfFormat, Buffer.from('%PDF-1.7\nnonsense\n%%EOF'), 'DOCUMENT_DAMAGED'],
])('a %s file without text is refused with a reason', async (_, format, source, code) => {
  await expect(parse(format, source)).rejects.toMatchObject({ code });
});

test('refuses what a format made up', async () => {
  const lying = (blocks: object[], text = 'text'): Format => ({
    name: 'lying',
    version: 1,
    extensions: ['x'],
    mediaTypes: ['x/y'],
    parse: () => ({ title: undefined, text, blocks: blocks as never, warnings: [] }),
  });
  for (const format of [
    lying([{ kind: 'paragraph', start: 0, end: 5 }]),
    lying([
      { kind: 'paragraph', start: 2, end: 4 },
      { kind: 'paragraph', start: 1, end: 2 },
    ]),
    lying([{ kind: 'paragraph', start: 0, end: 4 }], 'a\r\nb'),
  ])
    await expect(parse(format, 'x')).rejects.toMatchObject({ code: 'ASSERTION_FAILED' });
});

test('text is paragraphs between empty lines', async () => {
  expect(await blocksOf(textFormat, '\n\none\nline\n \n\ntwo')).toEqual(['paragraph: one\nline', 'paragraph: two']);
});

test('HTML keeps the main content and leaves out what surrounds it', async () => {
  const page = `<title>Site &amp; page</title><nav>Menu</nav><header>Top</header>
    <main><h1>Head <em>line</em></h1><p>First <a href="/x">link</a>,<br>second.<script>evil()</script></p>
    <nav>inner menu</nav><div hidden>secret</div><p style="display: none">secret</p><p aria-hidden="true">secret</p></main>
    <footer>Imprint</footer>`;
  expect(await blocksOf(htmlFormat, page)).toEqual(['heading1: # Head line', 'paragraph: First link,\nsecond.']);
  expect((await parse(htmlFormat, page)).title).toBe('Site & page');
});

test('HTML without a main part leaves out navigation, and uses it only when there is nothing else', async () => {
  expect(await blocksOf(htmlFormat, '<nav>Menu</nav><p>Text</p><footer>Imprint</footer>')).toEqual(['paragraph: Text']);
  expect(await blocksOf(htmlFormat, '<nav>Only a menu</nav>')).toEqual(['paragraph: Only a menu']);
});

test('HTML lists, tables, code and quotes become Markdown', async () => {
  const page = `<ul><li>a<ul><li>deep</ul><li><p>b</p><p>more</p></ul><ol start=3><li>c<li>d</ol>
    <table><tr><th>K<th>V<tr><td>x|y<td><p>1</p><p>2</p></table>
    <table><tr><td>layout only</table><pre><code>if (a) {\n  b\n}</code></pre><blockquote><p>said</p></blockquote>`;
  expect(await blocksOf(htmlFormat, page)).toEqual([
    'list: - a\n  - deep\n- b\n  more',
    'list: 3. c\n4. d',
    'table: | K | V |\n| --- | --- |\n| x\\|y | 1 2 |',
    'paragraph: layout only',
    'code: ```\nif (a) {\n  b\n}\n```',
    'quote: > said',
  ]);
});

test('HTML is read in the encoding that it declares', async () => {
  const page = Buffer.concat([
    Buffer.from('<meta charset="koi8-r"><p>'),
    Buffer.from([0xd0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4]),
  ]);
  expect(await blocksOf(htmlFormat, page)).toEqual(['paragraph: привет']);
});

test('PDF lines become headings, paragraphs, lists and tables with their page', async () => {
  const pdf = makePdf(
    toPdfContent([
      [20, 50, 750, 'A large title'],
      [10, 50, 700, 'The first para-'],
      [10, 50, 688, 'graph goes on and on'],
      [10, 50, 676, 'and ends here.'],
      [10, 50, 640, 'The second paragraph.'],
      [10, 50, 600, 'Name'],
      [10, 250, 600, 'Amount'],
      [10, 50, 588, 'Tax'],
      [10, 250, 588, '12.50'],
      [10, 50, 550, '- one'],
      [10, 50, 538, '- two'],
    ]),
  );
  expect(await blocksOf(pdfFormat, pdf)).toEqual([
    'heading1: A large title',
    'paragraph: The first paragraph goes on and on and ends here.',
    'paragraph: The second paragraph.',
    'table: | Name | Amount |\n| --- | --- |\n| Tax | 12.50 |',
    'list: - one\n- two',
  ]);
  const { blocks, title } = await parse(pdfFormat, pdf);
  expect(blocks.every(({ page }) => page === 1)).toBe(true);
  expect(title).toBe('A large title');
});

test.each([markdownFormat, textFormat, htmlFormat])('$name keeps its promises whatever the text', async (format) => {
  const odd = fc.constantFrom(
    '\uFEFF',
    '\u0301',
    '\r',
    '\n',
    '\0',
    '\uD800',
    '<p>',
    '<li>',
    '<table><td>',
    '<pre>\n',
    '</p>',
    '&#xFEFF;',
    '&#x301;',
    ' ',
    '# ',
    '<h1>',
    '<blockquote>',
  );
  const source = fc
    .array(fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 10 })), { maxLength: 30 })
    .map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(source, async (text) => {
      const outcome = await parse(format, text).then(
        () => 'read',
        (error) => error.code as string,
      );
      expect(outcome).toMatch(/^(?:read|DOCUMENT_(?:EMPTY|WITHOUT_TEXT|ENCODING))$/);
    }),
    { numRuns: 1_000 },
  );
});
