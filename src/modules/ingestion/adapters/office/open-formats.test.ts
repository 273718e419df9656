import { expect, test } from 'vitest';
import { parseDocument } from '../../parsing/parse-document.ts';
import type { Format } from '../../ports.ts';
import { makeZip } from '../../testing/make-zip.ts';
import { ipynbFormat } from '../data/ipynb-format.ts';
import { epubFormat } from '../html/epub-format.ts';
import { odtFormat } from './odt-format.ts';

const parse = (format: Format, bytes: Uint8Array) => parseDocument(format, bytes, { filename: 'a' });
const blocksOf = async (format: Format, bytes: Uint8Array): Promise<string[]> => {
  const { text, blocks } = await parse(format, bytes);
  return blocks.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);
};

const names = ['office', 'text', 'table', 'style', 'draw', 'manifest']
  .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`)
  .join(' ');
const makeOdt = (content: string, styles = ''): Record<string, string> => ({
  'content.xml': `<office:document-content ${names}><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:text>${content}</office:text></office:body></office:document-content>`,
});

test('OpenDocument: headings, numbered lists, tables with merged cells, notes and spaces', async () => {
  const styles =
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/></text:list-style>';
  const item = (text: string, inner = ''): string =>
    `<text:list-item><text:p>${text}</text:p>${inner}</text:list-item>`;
  const cell = (text: string, marks = ''): string =>
    `<table:table-cell ${marks}><text:p>${text}</text:p></table:table-cell>`;
  const content = `<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:h text:outline-level="2">Head</text:h>
    <text:p><text:span>a</text:span><text:span> </text:span>b<text:s/>c<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>why</text:p></text:note-body></text:note></text:p>
    <text:list text:style-name="L">${item('one', `<text:list>${item('deep')}</text:list>`)}${item('two')}</text:list>
    <table:table><table:table-row>${cell('x', 'table:number-columns-spanned="2"')}<table:covered-table-cell/></table:table-row><table:table-row>${cell('y')}${cell('z')}</table:table-row></table:table>`;
  expect(await blocksOf(odtFormat, makeZip(makeOdt(content, styles)))).toEqual([
    'heading2: ## Head',
    'paragraph: a b c[^1]',
    'list: 1. one\n  - deep\n2. two',
    'table: | x | x |\n| --- | --- |\n| y | z |',
    'paragraph: [^1]: why',
  ]);
});

test('OpenDocument with a password is refused as such', async () => {
  const manifest = `<manifest:manifest ${names}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`;
  const bytes = makeZip({ ...makeOdt('<text:p>x</text:p>'), 'META-INF/manifest.xml': manifest });
  await expect(parse(odtFormat, bytes)).rejects.toMatchObject({ code: 'DOCUMENT_ENCRYPTED' });
});

const makeEpub = (chapters: Record<string, string | Buffer>, parts: Record<string, string> = {}): Buffer => {
  const list = Object.keys(chapters);
  return makeZip({
    'META-INF/container.xml': '<container><rootfiles><rootfile full-path="in/b.opf"/></rootfiles></container>',
    'in/b.opf': `<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>A book</dc:title></metadata><manifest>${list
      .map((name) => `<item id="${name}" href="${name}.xhtml" media-type="application/xhtml+xml"/>`)
      .join('')}</manifest><spine>${list.map((name) => `<itemref idref="${name}"/>`).join('')}</spine></package>`,
    ...Object.fromEntries(list.map((name) => [`in/${name}.xhtml`, chapters[name] ?? ''])),
    ...parts,
  });
};

test('e-books are read in the order of the book, with elements that close themselves and without the contents', async () => {
  const bytes = makeEpub({
    two: '<?xml version="1.0"?><html><head><title/></head><body><h1>First read</h1><p><a id="x"/>Text<br/>on</p></body></html>',
    toc: '<html xmlns:epub="e"><body><nav epub:type="toc"><p>First read</p></nav></body></html>',
    one: '<html><body><h1>Then</h1></body></html>',
  });
  expect(await blocksOf(epubFormat, bytes)).toEqual([
    'heading1: # First read',
    'paragraph: Text\non',
    'heading1: # Then',
  ]);
  expect((await parse(epubFormat, bytes)).title).toBe('A book');
});

test('a chapter in UTF-16 is read, and one that nests too deeply is refused at once', async () => {
  const wide = Buffer.from(
    '\uFEFF<?xml version="1.0" encoding="utf-16"?><html><body><p>größer</p></body></html>',
    'utf16le',
  );
  const bytes = makeEpub({ one: wide });
  expect(await blocksOf(epubFormat, bytes)).toEqual(['paragraph: größer']);
  await expect(parse(epubFormat, makeEpub({ one: '<div>'.repeat(5_000) }))).rejects.toMatchObject({
    code: 'DOCUMENT_DAMAGED',
    message: expect.stringContaining('2000 elements'),
  });
});

test('an e-book with protected chapters is refused as such', async () => {
  const encryption =
    '<encryption><EncryptedData><CipherData><CipherReference URI="in/one.xhtml"/></CipherData></EncryptedData></encryption>';
  const bytes = makeEpub({ one: 'x' }, { 'META-INF/encryption.xml': encryption });
  await expect(parse(epubFormat, bytes)).rejects.toMatchObject({ code: 'DOCUMENT_ENCRYPTED' });
});

test('notebooks: Markdown, code in its language, what it printed, errors without colours', async () => {
  const notebook = {
    metadata: { language_info: { name: 'python' } },
    cells: [
      { cell_type: 'markdown', source: ['# Head\n', '\n', '- a\n'] },
      {
        cell_type: 'code',
        source: 'print(1)',
        outputs: [
          { output_type: 'stream', text: ['1\n'] },
          { output_type: 'error', ename: 'Error', evalue: '\u001B[31mbad\u001B[0m' },
          { data: { 'image/png': 'AAAA' } },
        ],
      },
    ],
  };
  expect(await blocksOf(ipynbFormat, Buffer.from(JSON.stringify(notebook)))).toEqual([
    'heading1: # Head',
    'list: - a',
    'code: ```python\nprint(1)\n```',
    'code: ```\n1\n```',
    'code: ```\nError: bad\n```',
  ]);
  await expect(parse(ipynbFormat, Buffer.from('{"cells": ['))).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
  await expect(parse(ipynbFormat, Buffer.from('{}'))).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});
