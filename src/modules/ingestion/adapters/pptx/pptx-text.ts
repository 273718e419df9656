/** Text of a shape: paragraphs, and lists where the slide shows bullets or numbers. */
import { toLatex } from '../docx/docx-equations.ts';
import { toNumeral } from '../docx/docx-numbering.ts';
import { type OfficeWriter, toLines } from '../office/office-writer.ts';
import { childOf, childrenOf, findXml, isElement, type XmlElement, xmlText } from '../office/read-xml.ts';

/** Where a paragraph looks for its bullet: list styles of its shape, of its models and of the master, in this order. */
export type ListStyles = readonly (XmlElement | undefined)[];

export function writeTextBody(body: XmlElement | undefined, styles: ListStyles, writer: OfficeWriter): void {
  const counters: (number | undefined)[] = [];
  for (const paragraph of childrenOf(body, 'a:p')) {
    const text = toLines(paragraphText(paragraph));
    if (text === '') continue;
    const properties = childOf(paragraph, 'a:pPr');
    const depth = Math.min(8, Math.max(0, Number.parseInt(properties?.attributes.lvl ?? '0', 10) || 0));
    const bullet = bulletOf(properties, depth, styles);
    if (bullet === undefined) writer.paragraph(text);
    else writer.listItem({ depth, marker: nextMarker(bullet, depth, counters), text });
    counters.length = bullet === undefined ? 0 : depth + 1;
  }
}

/** Counts numbered paragraphs by depth; a bullet or plain text between them begins anew. */
function nextMarker(bullet: XmlElement, depth: number, counters: (number | undefined)[]): string {
  if (bullet.name !== 'a:buAutoNum') {
    counters[depth] = undefined;
    return '-';
  }
  const number = counters[depth] ?? (Number.parseInt(bullet.attributes.startAt ?? '1', 10) || 1);
  counters[depth] = number + 1;
  return toMarker(number, bullet.attributes.type ?? '');
}

function toMarker(number: number, type: string): string {
  const isLower = type.includes('Lc');
  const script = type.startsWith('alpha') ? 'Letter' : 'Roman';
  const isNamed = /^(?:alpha|roman)/.test(type);
  const numeral = toNumeral(number, isNamed ? `${isLower ? 'lower' : 'upper'}${script}` : 'decimal');
  return type.includes('Paren') ? `${numeral})` : `${numeral}.`;
}

const bulletNames = new Set(['a:buChar', 'a:buAutoNum', 'a:buBlip', 'a:buNone']);

function bulletOf(properties: XmlElement | undefined, depth: number, styles: ListStyles): XmlElement | undefined {
  const levels = [properties, ...styles.map((style) => childOf(style, `a:lvl${depth + 1}pPr`))];
  for (const level of levels) {
    const bullet = level?.children.find((child) => isElement(child) && bulletNames.has(child.name));
    if (bullet !== undefined && isElement(bullet)) return bullet.name === 'a:buNone' ? undefined : bullet;
  }
  return undefined;
}

export function paragraphText(paragraph: XmlElement): string {
  let text = '';
  for (const child of paragraph.children) {
    if (!isElement(child)) continue;
    if (child.name === 'a:r') text += xmlText(childOf(child, 'a:t'));
    else if (child.name === 'a:br') text += '\n';
    else if (child.name === 'a:fld' && child.attributes.type !== 'slidenum') text += xmlText(childOf(child, 'a:t'));
    else if (child.name === 'mc:AlternateContent') text += alternativeText(child);
    else if (child.name === 'a14:m') text += equationText(child);
  }
  return text;
}

function alternativeText(element: XmlElement): string {
  const chosen = childOf(element, 'mc:Choice') ?? childOf(element, 'mc:Fallback');
  return chosen === undefined ? '' : paragraphText(chosen);
}

function equationText(element: XmlElement): string {
  const latex = toLatex(findXml(element, 'm:oMath') ?? element);
  return latex === '' ? '' : `$${latex}$`;
}

export function bodyText(body: XmlElement | undefined): string {
  return toLines(childrenOf(body, 'a:p').map(paragraphText).join('\n'));
}
