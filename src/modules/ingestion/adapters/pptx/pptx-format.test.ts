import { expect, test } from 'vitest';
import { parseDocument } from '../../parsing/parse-document.ts';
import { makePptx, makeRelations, slidePart, slideShape } from '../../testing/make-office.ts';
import { pptxFormat } from './pptx-format.ts';
import { toReadingOrder } from './pptx-reading-order.ts';

const parse = (bytes: Uint8Array) => parseDocument(pptxFormat, bytes, { filename: 'a.pptx' });
const blocksOf = async (bytes: Uint8Array): Promise<string[]> => {
  const { text, blocks } = await parse(bytes);
  return blocks.map(({ kind, page, start, end }) => `${page} ${kind}: ${text.slice(start, end)}`);
};
const title = '<p:ph type="title"/>';

test('a slide is a page: its title first, then boxes as they are read, then the notes', async () => {
  const slide =
    slideShape('right', { at: [500, 200, 100, 100] }) +
    slideShape('left', { at: [0, 210, 100, 100] }) +
    slideShape('3', { placeholder: '<p:ph type="sldNum"/>' }) +
    slideShape('Head', { at: [0, 0, 600, 100], placeholder: title });
  const notes = slidePart(
    'notes',
    `<p:cSld><p:spTree>${slideShape('Say hello', { placeholder: '<p:ph type="body"/>' })}</p:spTree></p:cSld>`,
  );
  const bytes = makePptx([slide, slideShape('next')], {
    'ppt/slides/_rels/slide1.xml.rels': makeRelations({ rId1: ['notesSlide', '../notesSlides/n1.xml'] }),
    'ppt/notesSlides/n1.xml': notes,
  });
  expect(await blocksOf(bytes)).toEqual([
    '1 heading: ## Head',
    '1 paragraph: left',
    '1 paragraph: right',
    '1 paragraph: Notes: Say hello',
    '2 paragraph: next',
  ]);
});

test('bullets come from the paragraph, else from the master; lists of two boxes are two', async () => {
  const master = slidePart(
    'sldMaster',
    '<p:cSld><p:spTree/></p:cSld><p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar char="x"/></a:lvl1pPr></p:bodyStyle></p:txStyles>',
  );
  const slide =
    slideShape('a\nb', { at: [0, 0, 9, 9], placeholder: '<p:ph type="body"/>' }) +
    slideShape('c\nd', { at: [0, 20, 9, 9], paragraph: '<a:pPr><a:buAutoNum type="alphaLcParenR"/></a:pPr>' }) +
    slideShape('plain', { at: [0, 40, 9, 9] });
  const bytes = makePptx([slide], {
    'ppt/slides/_rels/slide1.xml.rels': makeRelations({ rId1: ['slideLayout', '../slideLayouts/l.xml'] }),
    'ppt/slideLayouts/l.xml': slidePart('sldLayout', '<p:cSld><p:spTree/></p:cSld>'),
    'ppt/slideLayouts/_rels/l.xml.rels': makeRelations({ rId1: ['slideMaster', '../slideMasters/m.xml'] }),
    'ppt/slideMasters/m.xml': master,
  });
  expect(await blocksOf(bytes)).toEqual(['1 list: - a\n- b', '1 list: a) c\nb) d', '1 paragraph: plain']);
});

test('tables with merged cells and the data of charts are tables', async () => {
  const cell = (text: string, marks = ''): string =>
    `<a:tc${marks}><a:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:txBody></a:tc>`;
  const table = `<a:tbl><a:tr>${cell('A', ' gridSpan="2"')}${cell('', ' hMerge="1"')}</a:tr><a:tr>${cell('b')}${cell('c')}</a:tr></a:tbl>`;
  const frame = (content: string): string =>
    `<p:graphicFrame><a:graphic><a:graphicData>${content}</a:graphicData></a:graphic></p:graphicFrame>`;
  const points = (...values: string[]): string =>
    values.map((value, index) => `<c:pt idx="${index}"><c:v>${value}</c:v></c:pt>`).join('');
  const chart = slidePart('x', '').replace(
    /<p:x([^>]*)><\/p:x>/,
    `<c:chartSpace$1><c:chart><c:title><c:tx><a:p><a:r><a:t>Ducks</a:t></a:r></a:p></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx>${points('Wild')}</c:tx><c:cat>${points('2023', '2024')}</c:cat><c:val>${points('5', '7.1000000000000005')}</c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`,
  );
  const bytes = makePptx([frame(table) + frame('<c:chart r:id="rId9"/>')], {
    'ppt/slides/_rels/slide1.xml.rels': makeRelations({ rId9: ['chart', '../charts/c.xml'] }),
    'ppt/charts/c.xml': chart,
  });
  expect(await blocksOf(bytes)).toEqual([
    '1 table: | A | A |\n| --- | --- |\n| b | c |',
    '1 paragraph: Ducks',
    '1 table: |  | Wild |\n| --- | --- |\n| 2023 | 5 |\n| 2024 | 7.1 |',
  ]);
});

test('a layout and a master that point at each other end', async () => {
  const circle = {
    rId1: ['slideLayout', '../slideLayouts/l.xml'] as [string, string],
    rId2: ['slideMaster', '../slideLayouts/l.xml'] as [string, string],
  };
  const bytes = makePptx([slideShape('text', { placeholder: '<p:ph idx="4"/>' })], {
    'ppt/slides/_rels/slide1.xml.rels': makeRelations(circle),
    'ppt/slideLayouts/l.xml': slidePart('sldLayout', '<p:cSld><p:spTree/></p:cSld>'),
    'ppt/slideLayouts/_rels/l.xml.rels': makeRelations(circle),
  });
  expect(await blocksOf(bytes)).toEqual(['1 paragraph: text']);
});

test('columns are read one after the other, a grid row by row', () => {
  const box = (name: string, left: number, top: number, width = 10, height = 10) => ({
    name,
    left,
    top,
    right: left + width,
    bottom: top + height,
  });
  const names = (boxes: ReturnType<typeof box>[]): string =>
    toReadingOrder(boxes)
      .map(({ name }) => name)
      .join('');
  expect(names([box('d', 20, 20), box('b', 20, 0), box('c', 0, 20), box('a', 0, 0)])).toBe('abcd');
  expect(names([box('c', 20, 5, 10, 25), box('b', 0, 12), box('a', 0, 0), box('T', 0, -20, 30, 5)])).toBe('Tabc');
});
