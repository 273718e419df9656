import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDocument } from '../../parsing/parse-document.ts';
import { makeDocx, makeRelations, toDocxParts, wordPart, wordText } from '../../testing/make-office.ts';
import { makeZip } from '../../testing/make-zip.ts';
import { docxFormat } from './docx-format.ts';

const parse = (bytes: Uint8Array) => parseDocument(docxFormat, bytes, { filename: 'a.docx' });
const blocksOf = async (bytes: Uint8Array): Promise<string[]> => {
  const { text, blocks } = await parse(bytes);
  return blocks.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);
};

const style = (id: string, name: string, content = ''): string =>
  `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/>${content}</w:style>`;
const styles = wordPart(
  'styles',
  [
    style('T', 'Title'),
    style('H1', 'heading 1', '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'),
    style('H2', 'heading 2', '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr>'),
    style('Mine', 'Chapter of mine', '<w:basedOn w:val="H1"/>'),
    style('A', 'a', '<w:basedOn w:val="B"/>'),
    style('B', 'b', '<w:basedOn w:val="A"/>'),
  ].join(''),
);
const level = (index: number, format: string, text: string): string =>
  `<w:lvl w:ilvl="${index}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/></w:lvl>`;
const numbering = wordPart(
  'numbering',
  `<w:abstractNum w:abstractNumId="0">${level(0, 'decimal', '%1')}${level(1, 'decimal', '%1.%2')}</w:abstractNum>
   <w:abstractNum w:abstractNumId="1">${level(0, 'bullet', 'o')}${level(1, 'lowerLetter', '%2)')}</w:abstractNum>
   <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>`,
);
const inStyle = (id: string): string => `<w:pStyle w:val="${id}"/>`;
const inList = (depth: number): string => `<w:numPr><w:ilvl w:val="${depth}"/><w:numId w:val="2"/></w:numPr>`;

test('headings carry the numbers that Word shows, through styles that are based on each other', async () => {
  const body = [
    wordText('The work', inStyle('T')),
    wordText('First', inStyle('H1')),
    wordText('Inner', inStyle('H2')),
    wordText('Second', inStyle('Mine')),
    wordText('Inner again', inStyle('H2')),
    wordText('By outline', '<w:outlineLvl w:val="3"/>'),
    wordText('In a circle', inStyle('A')),
  ].join('');
  const bytes = makeDocx(body, { styles, numbering });
  expect(await blocksOf(bytes)).toEqual([
    'heading1: # The work',
    'heading1: # 1 First',
    'heading2: ## 1.1 Inner',
    'heading1: # 2 Second',
    'heading2: ## 2.1 Inner again',
    'heading4: #### By outline',
    'paragraph: In a circle',
  ]);
  expect((await parse(bytes)).title).toBe('The work');
});

test('lists are nested and marked as they are shown', async () => {
  const items = [
    wordText('one', inList(0)),
    wordText('inner', inList(1)),
    wordText('more', inList(1)),
    wordText('two', inList(0)),
    wordText('fresh', inList(1)),
  ];
  expect(await blocksOf(makeDocx(items.join(''), { numbering }))).toEqual([
    'list: - one\n  a) inner\n  b) more\n- two\n  a) fresh',
  ]);
});

const cell = (text: string, properties = ''): string => `<w:tc><w:tcPr>${properties}</w:tcPr>${wordText(text)}</w:tc>`;
const row = (...cells: string[]): string => `<w:tr>${cells.join('')}</w:tr>`;

test('a merged cell stands in every place that it covers; a table of one column is no table', async () => {
  const table = `<w:tbl>${row(cell('a', '<w:vMerge w:val="restart"/>'), cell('b|c', '<w:gridSpan w:val="2"/>'))}
    ${row(cell('', '<w:vMerge/>'), cell('d'), cell('e'))}</w:tbl>`;
  const layout = `<w:tbl>${row(cell('only'))}${row(cell('layout'))}</w:tbl>`;
  expect(await blocksOf(makeDocx(table + layout))).toEqual([
    'table: | a | b\\|c | b\\|c |\n| --- | --- | --- |\n| a | d | e |',
    'paragraph: only',
    'paragraph: layout',
  ]);
});

test('what is deleted, hidden, a field code or a second form of the same is left out', async () => {
  const run = (content: string): string => `<w:r>${content}</w:r>`;
  const body = `<w:p>${run('<w:t>seen</w:t>')}<w:del>${run('<w:delText>gone</w:delText>')}</w:del>
    <w:ins>${run('<w:t xml:space="preserve"> added</w:t>')}</w:ins>
    <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>
    ${run('<w:fldChar w:fldCharType="begin"/>')}${run('<w:instrText>HYPERLINK "http://x"</w:instrText>')}
    ${run('<w:fldChar w:fldCharType="separate"/>')}${run('<w:t xml:space="preserve"> link</w:t>')}${run('<w:fldChar w:fldCharType="end"/>')}
    <mc:AlternateContent><mc:Choice>${run('<w:t xml:space="preserve"> new</w:t>')}</mc:Choice><mc:Fallback>${run('<w:t>old</w:t>')}</mc:Fallback></mc:AlternateContent></w:p>`;
  expect(await blocksOf(makeDocx(body))).toEqual(['paragraph: seen added link new']);
});

test('equations become LaTeX', async () => {
  const text = (value: string): string => `<m:r><m:t>${value}</m:t></m:r>`;
  const equation = `<m:oMath>${text('x=')}<m:f><m:num>${text('π')}</m:num><m:den><m:rad><m:radPr/><m:deg/><m:e><m:sSup><m:e>${text('b')}</m:e><m:sup>${text('2')}</m:sup></m:sSup></m:e></m:rad></m:den></m:f></m:oMath>`;
  expect(await blocksOf(makeDocx(`<w:p>${equation}</w:p>`))).toEqual(['paragraph: $x=\\frac{\\pi}{\\sqrt{b^{2}}}$']);
});

test('notes, comments, text boxes, headers and footers are read once each', async () => {
  const note = (id: string, text: string): string => `<w:footnote w:id="${id}">${wordText(text)}</w:footnote>`;
  const body = `<w:p><w:r><w:t>Said</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="7"/></w:r>
    <w:r><w:pict><w:txbxContent>${wordText('In a box')}</w:txbxContent></w:pict></w:r></w:p>`;
  const parts = {
    footnotes: wordPart('footnotes', note('1', 'unused') + note('2', 'The source.')),
    comments: wordPart('comments', `<w:comment w:id="7" w:author="Ann">${wordText('Really?')}</w:comment>`),
    header1: wordPart('hdr', wordText('Confidential')),
    header2: wordPart('hdr', wordText('Confidential')),
    footer1: wordPart('ftr', '<w:p><w:fldSimple w:instr="PAGE"><w:r><w:t>3</w:t></w:r></w:fldSimple></w:p>'),
  };
  expect(await blocksOf(makeDocx(body, parts))).toEqual([
    'paragraph: Said[^1]',
    'paragraph: In a box',
    'quote: > Comment by Ann: Really?',
    'paragraph: [^1]: The source.',
    'paragraph: Confidential',
  ]);
});

test('pages are those that Word counted, and absent when it counted none', async () => {
  const broken = '<w:p><w:r><w:lastRenderedPageBreak/><w:t>second</w:t></w:r></w:p>';
  const pages = async (body: string) => (await parse(makeDocx(body))).blocks.map(({ page }) => page);
  expect(await pages(wordText('first') + broken + wordText('still'))).toEqual([1, 2, 2]);
  expect(await pages(wordText('first') + wordText('also'))).toEqual([undefined, undefined]);
});

test('references to the outside are never followed, and parts are found under any prefix and path', async () => {
  const parts = {
    ...toDocxParts(''),
    'word/_rels/document.xml.rels': makeRelations({
      rId1: ['styles', 'http://127.0.0.1:1/styles.xml'],
      rId2: ['numbering', 'file:///etc/passwd'],
      rId3: ['comments', '../../../../etc/passwd'],
    }),
    'word/document.xml':
      '<x:document xmlns:x="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><x:body><x:p><x:r><x:t>kept</x:t></x:r></x:p></x:body></x:document>',
  };
  expect(await blocksOf(makeZip(parts))).toEqual(['paragraph: kept']);
});

test('an empty document and a foreign container are refused with a reason', async () => {
  await expect(parse(makeDocx('<w:p/>'))).rejects.toMatchObject({ code: 'DOCUMENT_EMPTY' });
  await expect(parse(makeZip({ 'a.txt': 'a' }))).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});

test('blocks of any document are in order and cover every word', async () => {
  const word = fc
    .stringMatching(/^[\p{L}\p{N}]{1,8}$/u)
    .filter((text) => text.normalize('NFC') === text && text.isWellFormed());
  const paragraph = fc.record({
    words: fc.array(word, { minLength: 1, maxLength: 6 }),
    shape: fc.integer({ min: 0, max: 3 }),
  });
  const properties = ['', inStyle('H1'), inList(0), inList(1)];
  await fc.assert(
    fc.asyncProperty(fc.array(paragraph, { minLength: 1, maxLength: 12 }), async (paragraphs) => {
      const body = paragraphs.map(({ words, shape }) => wordText(words.join(' '), properties[shape])).join('');
      const { text, blocks } = await parse(makeDocx(body, { styles, numbering }));
      const found = blocks.map(({ start, end }) => text.slice(start, end)).join('\n');
      for (const { words } of paragraphs) expect(found).toContain(words.join(' '));
      expect(text).toBe(text.normalize('NFC'));
    }),
    { numRuns: 50 },
  );
});
