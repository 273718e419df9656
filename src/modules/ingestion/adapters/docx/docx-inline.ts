/** The text of one Word paragraph, as it is shown: without what was deleted, hidden or is code of a field. */

import { childOf, isElement, type XmlElement, type XmlNode, xmlText } from '../office/read-xml.ts';
import { toLatex } from './docx-equations.ts';

export type InlineText = {
  text: string;
  /** Pages that Word last began before the first word, and in all of the paragraph. */
  pagesBefore: number;
  pages: number;
  /** Ids of comments that end in it. */
  comments: string[];
  /** Text boxes that hang on it. */
  boxes: XmlElement[];
};

export type InlineContext = {
  /** The mark of a note in the text, such as `[^3]`. */
  noteMark(kind: 'footnote' | 'endnote', id: string): string;
};

type Reading = InlineText & {
  context: InlineContext;
  pieces: string[];
  /** Open fields, innermost last: are we in its result, and is that a page number? */
  fields: { code: string; inResult: boolean }[];
  isBlank: boolean;
};

export function readInline(paragraph: XmlElement, context: InlineContext): InlineText {
  const reading: Reading = {
    text: '',
    pagesBefore: 0,
    pages: 0,
    comments: [],
    boxes: [],
    context,
    pieces: [],
    fields: [],
    isBlank: true,
  };
  readNodes(paragraph.children, reading);
  const { pagesBefore, pages, comments, boxes, pieces } = reading;
  return { text: pieces.join(''), pagesBefore, pages, comments, boxes };
}

function readNodes(nodes: readonly XmlNode[], reading: Reading): void {
  for (const node of nodes) {
    if (!isElement(node)) continue;
    const read = readers[node.name];
    if (read !== undefined) read(node, reading);
  }
}

const readChildren = (element: XmlElement, reading: Reading): void => readNodes(element.children, reading);

function write(text: string, reading: Reading): void {
  const field = reading.fields.at(-1);
  if (field !== undefined && (!field.inResult || isPageNumber(field.code))) return;
  reading.pieces.push(text);
  if (text.trim() !== '') reading.isBlank = false;
}

const isPageNumber = (code: string): boolean => /^\s*(?:PAGE|NUMPAGES|SECTIONPAGES|PAGEREF)\b/i.test(code);

export const isOn = (element: XmlElement | undefined): boolean =>
  element !== undefined && !/^(?:0|false|off|none)$/.test(element.attributes['w:val'] ?? '');

function readRun(run: XmlElement, reading: Reading): void {
  if (isOn(childOf(childOf(run, 'w:rPr'), 'w:vanish'))) return;
  readChildren(run, reading);
}

function readFieldMark(mark: XmlElement, { fields }: Reading): void {
  const type = mark.attributes['w:fldCharType'];
  const field = fields.at(-1);
  if (type === 'begin') fields.push({ code: '', inResult: false });
  else if (type === 'separate' && field !== undefined) field.inResult = true;
  else if (type === 'end') fields.pop();
}

function readSimpleField(field: XmlElement, reading: Reading): void {
  reading.fields.push({ code: field.attributes['w:instr'] ?? '', inResult: true });
  readChildren(field, reading);
  reading.fields.pop();
}

/** A newer form and one for older programs say the same; one of them is read. */
export function chooseAlternative(element: XmlElement): XmlElement | undefined {
  return childOf(element, 'mc:Choice') ?? childOf(element, 'mc:Fallback');
}

function readPageBreak(reading: Reading): void {
  reading.pages += 1;
  if (reading.isBlank) reading.pagesBefore += 1;
}

/** Symbols of picture fonts have no meaning as letters. */
function readSymbol(symbol: XmlElement, reading: Reading): void {
  const code = Number.parseInt(symbol.attributes['w:char'] ?? '', 16);
  const isPrivate = code >= 0xe000 && code <= 0xf8ff;
  if (code >= 0x20 && code <= 0xffff && !isPrivate) write(String.fromCharCode(code), reading);
}

function readDrawing(drawing: XmlElement, reading: Reading): void {
  for (const child of drawing.children) {
    if (!isElement(child)) continue;
    if (child.name === 'w:txbxContent') reading.boxes.push(child);
    else if (child.name === 'mc:AlternateContent') {
      const chosen = chooseAlternative(child);
      if (chosen !== undefined) readDrawing(chosen, reading);
    } else readDrawing(child, reading);
  }
}

const readContent = (element: XmlElement, reading: Reading): void => {
  if (isOn(childOf(childOf(element, 'w:sdtPr'), 'w:showingPlcHdr'))) return;
  readChildren(element, reading);
};

const readers: Record<string, (element: XmlElement, reading: Reading) => void> = {
  'w:r': readRun,
  'w:hyperlink': readChildren,
  'w:ins': readChildren,
  'w:moveTo': readChildren,
  'w:smartTag': readChildren,
  'w:customXml': readChildren,
  'w:dir': readChildren,
  'w:bdo': readChildren,
  'w:sdt': readContent,
  'w:sdtContent': readChildren,
  'w:ruby': (ruby, reading) => readNodes(childOf(ruby, 'w:rubyBase')?.children ?? [], reading),
  'w:fldSimple': readSimpleField,
  'w:fldChar': readFieldMark,
  'w:instrText': (code, { fields }) => {
    const field = fields.at(-1);
    if (field !== undefined && field.code.length < 100) field.code += xmlText(code).slice(0, 100);
  },
  'w:t': (text, reading) => write(xmlText(text), reading),
  'w:tab': (_, reading) => write('\t', reading),
  'w:ptab': (_, reading) => write('\t', reading),
  'w:br': (mark, reading) => write(mark.attributes['w:type'] === 'page' ? ' ' : '\n', reading),
  'w:cr': (_, reading) => write('\n', reading),
  'w:noBreakHyphen': (_, reading) => write('-', reading),
  'w:sym': readSymbol,
  'w:lastRenderedPageBreak': (_, reading) => readPageBreak(reading),
  'w:footnoteReference': (mark, reading) =>
    write(reading.context.noteMark('footnote', mark.attributes['w:id'] ?? ''), reading),
  'w:endnoteReference': (mark, reading) =>
    write(reading.context.noteMark('endnote', mark.attributes['w:id'] ?? ''), reading),
  'w:commentReference': (mark, { comments }) => comments.push(mark.attributes['w:id'] ?? ''),
  'w:drawing': readDrawing,
  'w:pict': readDrawing,
  'w:object': readDrawing,
  'mc:AlternateContent': (element, reading) => {
    const chosen = chooseAlternative(element);
    if (chosen !== undefined) readChildren(chosen, reading);
  },
  'm:oMath': (equation, reading) => writeEquation(equation, reading, '$'),
  'm:oMathPara': (paragraph, reading) => writeEquation(paragraph, reading, '$$'),
};

function writeEquation(equation: XmlElement, reading: Reading, fence: string): void {
  const latex = toLatex(equation);
  if (latex !== '') write(`${fence}${latex}${fence}`, reading);
}
