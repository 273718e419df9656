import { expect, test } from 'vitest';
import { withoutFurniture } from './pdf-furniture.ts';
import { type PdfLine, type PdfTextItem, toPdfLines } from './pdf-lines.ts';
import { toPdfTable } from './pdf-tables.ts';

const item = (str: string, x: number, y: number, { size = 10, dir = 'ltr' } = {}): PdfTextItem => ({
  str,
  transform: [size, 0, 0, size, x, y],
  width: str.length * size * 0.5,
  height: size,
  dir,
});
const page = { number: 1, bottom: 0, top: 800 };
const linesOf = (items: PdfTextItem[]): string[] =>
  toPdfLines(items, page).map(({ cells }) => cells.map(({ text }) => text).join(' | '));

test('reads one column after the other, and what stands over both before', () => {
  const column = (name: string, x: number): PdfTextItem[] =>
    Array.from({ length: 8 }, (_, line) => item(`${name} line ${line} of running text that fills`, x, 700 - line * 12));
  const items = [
    ...column('right', 320),
    item('A title over both of the columns of the page, as wide as they are', 50, 740, { size: 16 }),
    ...column('left', 50),
  ];
  const lines = linesOf(items);
  expect(lines[0]).toMatch(/^A title/);
  expect(lines.slice(1).map((line) => line.split(' ')[0])).toEqual([
    ...Array(8).fill('left'),
    ...Array(8).fill('right'),
  ]);
});

test('reads forms and tables row by row, whatever the order in which they were drawn', () => {
  const items = [
    ...['Name', 'Town', 'Phone', 'Mail'].map((label, row) => item(label, 50, 700 - row * 14)),
    ...['Ann', 'Rome', '123', 'a@b'].map((value, row) => item(value, 300, 700 - row * 14)),
  ];
  expect(linesOf(items)).toEqual(['Name | Ann', 'Town | Rome', 'Phone | 123', 'Mail | a@b']);
});

test('joins pieces from right to left where the script runs so, and mends swapped ligatures', () => {
  const items = [
    item('تحسين ا\u0625لنتاج', 300, 700, { dir: 'rtl' }),
    item('Python', 265, 700),
    item('بلغة', 240, 700, { dir: 'rtl' }),
  ];
  expect(linesOf(items)).toEqual(['تحسين ال\u0625نتاج Python بلغة']);
});

test('what stands in the margin of many pages is read once, page numbers never', () => {
  const line = (number: number, text: string, height: number): PdfLine => ({
    page: number,
    cells: [{ text, x: 0, endX: 10 }],
    x: 0,
    endX: 10,
    y: height * 800,
    size: 10,
    height,
  });
  const lines = [1, 2, 3, 4].flatMap((number) => [
    line(number, 'Company report 2024', 0.97),
    line(number, 'Repeated text in the middle', 0.5),
    line(number, `Page ${number} of 4`, 0.03),
  ]);
  const kept = withoutFurniture(lines, 4).map(({ cells }) => cells[0]?.text);
  expect(kept).toEqual(['Company report 2024', ...Array(4).fill('Repeated text in the middle')]);
});

test('cells below each other make a column, with gaps where nothing stands', () => {
  const cell = (text: string, x: number) => ({ text, x, endX: x + 30 });
  expect(
    toPdfTable([[cell('a', 0), cell('b', 100), cell('c', 200)], [cell('1', 5), cell('3', 195)], [cell('2', 105)]]),
  ).toBe('| a | b | c |\n| --- | --- | --- |\n| 1 |  | 3 |\n|  | 2 |  |');
});
