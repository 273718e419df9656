/** Paragraphs and tables of a Word file, in order, to headings, lists, tables and paragraphs. */

import { type OfficeWriter, toOneLine } from '../office/office-writer.ts';
import { childOf, isElement, type XmlElement } from '../office/read-xml.ts';
import { readInline } from './docx-inline.ts';
import type { Numbering } from './docx-numbering.ts';
import { type NumberingReference, type ParagraphStyles, toNumbering, toOutlineLevel } from './docx-styles.ts';
import { type Cell, readTable } from './docx-table.ts';

export type DocxReading = {
  writer: OfficeWriter;
  styles: ParagraphStyles;
  numbering: Numbering;
  /** Says what a comment says, with its author; undefined when there is none. */
  commentOf(id: string): string | undefined;
  /** Numbers of the notes by kind and id, in the order of their marks: `footnote 2` is 1. */
  notes: Map<string, number>;
  /** Pages that Word counted when it last showed the file. */
  pagesSeen: number;
};

/** A table with a cell longer than this arranges a page; it holds no data. */
const longestCell = 1_000;
const deepestNesting = 20;

export function writeBlock(element: XmlElement, reading: DocxReading, depth = 0): void {
  if (depth > deepestNesting) return;
  if (element.name === 'w:p') writeParagraph(element, reading, depth);
  else if (element.name === 'w:tbl') writeTable(element, reading, depth);
  else if (element.name === 'm:oMathPara') writeParagraph({ ...element, children: [element] }, reading, depth);
  else if (!passedOver.has(element.name)) writeBlocks(element, reading, depth);
}

const passedOver = new Set(['w:del', 'w:moveFrom', 'w:sectPr', 'w:tcPr', 'w:sdtPr']);

export function writeBlocks(parent: XmlElement, reading: DocxReading, depth = 0): void {
  for (const child of parent.children) if (isElement(child)) writeBlock(child, reading, depth + 1);
}

type Paragraph = { text: string; headingLevel: number | undefined; marker: string | undefined; listLevel: number };

function writeParagraph(element: XmlElement, reading: DocxReading, depth: number): void {
  const { writer } = reading;
  const inline = readInline(element, { noteMark: (kind, id) => noteMark(reading, kind, id) });
  const firstPage = reading.pagesSeen + inline.pagesBefore;
  reading.pagesSeen += inline.pages;
  writer.page = firstPage + 1;
  const { text, headingLevel, marker, listLevel } = describe(element, inline.text, reading);
  const style = reading.styles(styleIdOf(element));
  if (headingLevel !== undefined) writer.heading(headingLevel, withMarker(text, marker));
  else if (marker !== undefined) writer.listItem({ depth: listLevel, marker: marker || '-', text });
  else if (style.isCode) writer.code(text);
  else if (style.isQuote) writer.quote(text);
  else writer.paragraph(text);
  for (const box of inline.boxes) writeBlocks(box, reading, depth + 1);
  writeComments(inline.comments, reading);
  writer.page = reading.pagesSeen + 1;
}

const withMarker = (text: string, marker = ''): string =>
  marker === '' || marker === '-' ? text : `${marker} ${text}`;

const styleIdOf = (paragraph: XmlElement): string | undefined =>
  childOf(childOf(paragraph, 'w:pPr'), 'w:pStyle')?.attributes['w:val'];

function describe(element: XmlElement, text: string, reading: DocxReading): Paragraph {
  const properties = childOf(element, 'w:pPr');
  const style = reading.styles(styleIdOf(element));
  const outline = toOutlineLevel(properties);
  const own = outline === undefined || outline > 8 ? undefined : outline + 1;
  const headingLevel = style.headingLevel ?? own;
  const numbering = mergeNumbering(toNumbering(properties), style.numbering);
  const listLevel = numbering?.level ?? (headingLevel ?? 1) - 1;
  const counts = text.trim() !== '' && numbering?.numberingId !== undefined && numbering.numberingId !== '0';
  const marker = counts ? reading.numbering.next(numbering.numberingId ?? '', listLevel) : undefined;
  return { text, headingLevel, marker, listLevel };
}

function mergeNumbering(
  own: NumberingReference | undefined,
  style: NumberingReference | undefined,
): NumberingReference | undefined {
  if (own === undefined) return style;
  return { numberingId: own.numberingId ?? style?.numberingId, level: own.level ?? style?.level };
}

function noteMark({ notes }: DocxReading, kind: 'footnote' | 'endnote', id: string): string {
  const key = `${kind} ${id}`;
  const number = notes.get(key) ?? notes.size + 1;
  notes.set(key, number);
  return `[^${number}]`;
}

function writeComments(ids: readonly string[], { writer, commentOf }: DocxReading): void {
  for (const id of ids) {
    const comment = commentOf(id);
    if (comment !== undefined) writer.quote(comment);
  }
}

function writeTable(element: XmlElement, reading: DocxReading, depth: number): void {
  const { writer } = reading;
  const comments: string[] = [];
  const startPage = reading.pagesSeen + 1;
  const table = readTable(element);
  const distinct = new Set(table.rows.flat());
  const isLayout = table.columns <= 1 || distinct.size <= 1;
  const texts = new Map<Cell, string>();
  if (!isLayout) for (const cell of distinct) texts.set(cell, cellText(cell.element, reading, comments, depth));
  if (isLayout || [...texts.values()].some((text) => text.length > longestCell)) {
    if (!isLayout) reading.pagesSeen = startPage - 1;
    for (const cell of distinct) writeBlocks(cell.element, reading, depth + 1);
    return;
  }
  writer.page = startPage;
  writer.table(table.rows.map((row) => row.map((cell) => texts.get(cell) ?? '')));
  writer.page = reading.pagesSeen + 1;
  writeComments(comments, reading);
}

/** All that a cell says, on one line: lists keep their marks, inner tables only their words. */
function cellText(cell: XmlElement, reading: DocxReading, comments: string[], depth: number): string {
  if (depth > deepestNesting) return '';
  const parts: string[] = [];
  for (const child of cell.children) {
    if (!isElement(child) || passedOver.has(child.name)) continue;
    parts.push(
      child.name === 'w:p' ? cellLine(child, reading, comments) : cellText(child, reading, comments, depth + 1),
    );
  }
  return parts.filter((part) => part !== '').join(' ');
}

function cellLine(paragraph: XmlElement, reading: DocxReading, comments: string[]): string {
  const inline = readInline(paragraph, { noteMark: (kind, id) => noteMark(reading, kind, id) });
  reading.pagesSeen += inline.pages;
  comments.push(...inline.comments);
  const { text, marker } = describe(paragraph, inline.text, reading);
  const boxes = inline.boxes.map((box) => cellText(box, reading, comments, deepestNesting - 1));
  return toOneLine([marker ?? '', text, ...boxes].join(' '));
}
