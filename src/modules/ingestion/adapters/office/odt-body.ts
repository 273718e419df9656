/** Paragraphs, lists and tables of an OpenDocument text. */
import { type OdtListStyles, toOdtMarker } from './odt-lists.ts';
import { type OfficeWriter, toOneLine } from './office-writer.ts';
import { childrenOf, findAllXml, isElement, type XmlElement, xmlText } from './read-xml.ts';

export type OdtContext = {
  writer: OfficeWriter;
  listStyles: OdtListStyles;
  /** Texts of notes, in the order of their marks; filled while reading. */
  notes: string[];
  /** Heading level of paragraph styles that are titles. */
  titles: ReadonlyMap<string, number>;
};

const deepest = 60;
const maxRepeats = 200;

export function writeOdtBody(element: XmlElement, context: OdtContext, depth = 0): void {
  if (depth > deepest) return;
  if (element.name === 'text:h') writeHeading(element, context);
  else if (element.name === 'text:p') writeParagraph(element, context, depth);
  else if (element.name === 'text:list') writeList(element, context, { style: undefined, numbers: [] });
  else if (element.name === 'table:table') writeTable(element, context, depth);
  else if (!unread.has(element.name)) writeChildren(element, context, depth);
}

const unread = new Set([
  'office:automatic-styles',
  'text:tracked-changes',
  'text:sequence-decls',
  'office:forms',
  'office:annotation',
]);

function writeChildren(element: XmlElement, context: OdtContext, depth: number): void {
  for (const child of element.children) if (isElement(child)) writeOdtBody(child, context, depth + 1);
}

function writeHeading(element: XmlElement, { writer, notes }: OdtContext): void {
  writer.heading(
    Number.parseInt(element.attributes['text:outline-level'] ?? '1', 10) || 1,
    toOdtInline(element, notes),
  );
}

function writeParagraph(element: XmlElement, context: OdtContext, depth: number): void {
  const { writer, notes, titles } = context;
  const text = toOdtInline(element, notes);
  const level = titles.get(element.attributes['text:style-name'] ?? '');
  if (level === undefined) writer.paragraph(text);
  else writer.heading(level, text);
  for (const box of findAllXml(element, 'draw:text-box')) writeChildren(box, context, depth + 1);
  for (const comment of findAllXml(element, 'office:annotation')) writeComment(comment, writer);
}

function writeComment(comment: XmlElement, writer: OfficeWriter): void {
  const author = xmlText(childrenOf(comment, 'dc:creator')[0]);
  const text = findAllXml(comment, 'text:p')
    .map((paragraph) => toOdtInline(paragraph))
    .join(' ');
  if (text.trim() !== '') writer.quote(`Comment${author && ` by ${author}`}: ${toOneLine(text)}`);
}

type OuterList = { style: string | undefined; numbers: readonly number[] };

function writeList(list: XmlElement, context: OdtContext, outer: OuterList): void {
  const depth = outer.numbers.length;
  if (depth > deepest) return;
  const style = list.attributes['text:style-name'] ?? outer.style;
  const level = context.listStyles(style, depth);
  let number = level.start - 1;
  for (const item of list.children) {
    if (!isElement(item) || !/^text:list-(?:item|header)$/.test(item.name)) continue;
    number = Number.parseInt(item.attributes['text:start-value'] ?? '', 10) || number + 1;
    const numbers = [...outer.numbers, number];
    const marker = item.name === 'text:list-header' ? ' ' : toOdtMarker(level, numbers);
    writeListItem(item, context, { style, numbers, marker });
  }
}

/** The first text of an item gets the marker. */
function writeListItem(item: XmlElement, context: OdtContext, list: OuterList & { marker: string }): void {
  let marker = list.marker;
  for (const child of item.children.filter(isElement)) {
    if (child.name === 'text:list') writeList(child, context, list);
    else if (child.name === 'text:h') writeHeading(child, context);
    else {
      context.writer.listItem({ depth: list.numbers.length - 1, marker, text: toOdtInline(child, context.notes) });
      marker = ' ';
    }
  }
}

function writeTable(table: XmlElement, context: OdtContext, depth: number): void {
  const cells = rowsOf(table).map((row) => toCells(row, context.notes));
  const width = cells.reduce((most, row) => Math.max(most, row.findLastIndex((cell) => cell !== '') + 1), 0);
  if (width > 1) context.writer.table(spread(table, cells));
  else
    for (const row of rowsOf(table))
      for (const cell of childrenOf(row, 'table:table-cell')) writeChildren(cell, context, depth + 1);
}

const rowWrappers = new Set(['table:table-header-rows', 'table:table-rows', 'table:table-row-group']);

function rowsOf(table: XmlElement, found: XmlElement[] = []): XmlElement[] {
  for (const child of table.children) {
    if (!isElement(child)) continue;
    if (child.name === 'table:table-row') found.push(child);
    else if (rowWrappers.has(child.name)) rowsOf(child, found);
  }
  return found;
}

const repeatsOf = (element: XmlElement, name: string): number =>
  Math.min(maxRepeats, Math.max(1, Number.parseInt(element.attributes[name] ?? '1', 10) || 1));

function toCells(row: XmlElement, notes: string[]): string[] {
  const cells: string[] = [];
  for (const cell of row.children) {
    if (!isElement(cell) || !isCell(cell)) continue;
    const text = toOneLine(
      findAllXml(cell, 'text:p')
        .map((paragraph) => toOdtInline(paragraph, notes))
        .join(' '),
    );
    for (let times = repeatsOf(cell, 'table:number-columns-repeated'); times > 0; times -= 1) cells.push(text);
  }
  return cells;
}

/** A merged cell stands in every place that it covers. */
function spread(table: XmlElement, rows: readonly string[][]): string[][] {
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const filled = rows.map((row) => Array.from({ length: width }, (_, column) => row[column] ?? ''));
  for (const [top, row] of rowsOf(table).entries()) {
    let left = 0;
    for (const cell of row.children.filter(isElement)) {
      if (!isCell(cell)) continue;
      const height = repeatsOf(cell, 'table:number-rows-spanned');
      const span = Math.min(width - left, repeatsOf(cell, 'table:number-columns-spanned'));
      const text = rows[top]?.[left] ?? '';
      if (height * span > 1) fill(filled.slice(top, top + height), { left, width: span, text });
      left += repeatsOf(cell, 'table:number-columns-repeated');
    }
  }
  return filled;
}

function fill(rows: readonly string[][], { left, width, text }: { left: number; width: number; text: string }): void {
  for (const row of rows) {
    for (let column = left; column < left + width; column += 1) if (!row[column]) row[column] = text;
  }
}

const isCell = ({ name }: XmlElement): boolean => /^table:(?:covered-)?table-cell$/.test(name);

/** The text of a paragraph; notes are collected and marked, boxes and comments are left to the caller. */
export function toOdtInline(element: XmlElement, notes?: string[]): string {
  let text = '';
  for (const child of element.children) {
    if (typeof child === 'string') text += child.replaceAll(/\s+/g, ' ');
    else if (child.name === 'text:s') text += ' ';
    else if (child.name === 'text:tab') text += '\t';
    else if (child.name === 'text:line-break') text += '\n';
    else if (child.name === 'text:note') text += noteMark(child, notes);
    else if (!skipped.has(child.name)) text += toOdtInline(child, notes);
  }
  return text;
}

const skipped = new Set([
  'office:annotation',
  'draw:frame',
  'draw:custom-shape',
  'text:bookmark',
  'text:page-number',
  'text:page-count',
  'text:ruby-text',
  'text:hidden-text',
  'draw:object',
  'svg:title',
  'svg:desc',
  'text:note-citation',
]);

function noteMark(note: XmlElement, notes: string[] | undefined): string {
  if (notes === undefined) return '';
  notes.push(
    toOneLine(
      findAllXml(note, 'text:p')
        .map((paragraph) => toOdtInline(paragraph))
        .join(' '),
    ),
  );
  return `[^${notes.length}]`;
}
