/** Styles of a Word file: which paragraphs are headings, and which are numbered by their style. */
import { childOf, readXml, visitXml, type XmlElement } from '../office/read-xml.ts';
import type { Zip } from '../office/read-zip.ts';

export type ParagraphStyle = {
  /** 1 to 9 for a heading. */
  headingLevel: number | undefined;
  numbering: NumberingReference | undefined;
  isQuote: boolean;
  isCode: boolean;
};

export type NumberingReference = { numberingId: string | undefined; level: number | undefined };

type OwnStyle = {
  name: string;
  basedOn: string | undefined;
  outlineLevel: number | undefined;
  numbering: NumberingReference | undefined;
};

export type ParagraphStyles = (styleId: string | undefined) => ParagraphStyle;

/** Styles may be based on each other in a circle; nobody needs more steps than these. */
const longestChain = 30;
const bodyText = 9;

export async function readParagraphStyles(zip: Zip, part: string | undefined): Promise<ParagraphStyles> {
  const own = new Map<string, OwnStyle>();
  let standard: string | undefined;
  if (part !== undefined) {
    await visitXml(zip.stream(part), {
      isPart: (name) => name === 'w:style' || name === 'w:docDefaults' || name === 'w:latentStyles',
      visit(style) {
        const id = style.attributes['w:styleId'];
        if (style.name !== 'w:style' || id === undefined || style.attributes['w:type'] !== 'paragraph') return;
        if (/^(?:1|true|on)$/.test(style.attributes['w:default'] ?? '')) standard = id;
        own.set(id, toOwnStyle(style));
      },
    });
  }
  const resolved = new Map<string, ParagraphStyle>();
  return (styleId) => {
    const id = styleId ?? standard ?? '';
    const known = resolved.get(id);
    if (known !== undefined) return known;
    const style = resolve(own, id);
    resolved.set(id, style);
    return style;
  };
}

function toOwnStyle(style: XmlElement): OwnStyle {
  const properties = childOf(style, 'w:pPr');
  return {
    name: (childOf(style, 'w:name')?.attributes['w:val'] ?? '').toLowerCase(),
    basedOn: childOf(style, 'w:basedOn')?.attributes['w:val'],
    outlineLevel: toOutlineLevel(properties),
    numbering: toNumbering(properties),
  };
}

export function toOutlineLevel(properties: XmlElement | undefined): number | undefined {
  const level = Number.parseInt(childOf(properties, 'w:outlineLvl')?.attributes['w:val'] ?? '', 10);
  return Number.isNaN(level) ? undefined : level;
}

export function toNumbering(properties: XmlElement | undefined): NumberingReference | undefined {
  const numbering = childOf(properties, 'w:numPr');
  if (numbering === undefined) return undefined;
  const level = Number.parseInt(childOf(numbering, 'w:ilvl')?.attributes['w:val'] ?? '', 10);
  return {
    numberingId: childOf(numbering, 'w:numId')?.attributes['w:val'],
    level: Number.isNaN(level) ? undefined : level,
  };
}

function resolve(own: ReadonlyMap<string, OwnStyle>, id: string): ParagraphStyle {
  const chain: OwnStyle[] = [];
  let style = own.get(id);
  while (style !== undefined && chain.length < longestChain) {
    chain.push(style);
    style = style.basedOn === undefined ? undefined : own.get(style.basedOn);
  }
  const names = chain.length > 0 ? chain.map(({ name }) => name) : [id.toLowerCase()];
  const numberings = chain.flatMap(({ numbering }) => numbering ?? []);
  return {
    headingLevel: toHeadingLevel(chain, names),
    numbering:
      numberings.length === 0
        ? undefined
        : {
            numberingId: numberings.find(({ numberingId }) => numberingId !== undefined)?.numberingId,
            level: numberings.find(({ level }) => level !== undefined)?.level,
          },
    isQuote: names.some((name) => /^(?:intense )?quote$/.test(name)),
    isCode: names.some((name) => /^(?:html preformatted|source code|code|macro text|plain text code)$/.test(name)),
  };
}

function toHeadingLevel(chain: readonly OwnStyle[], names: readonly string[]): number | undefined {
  for (const [index, name] of names.entries()) {
    if (name === 'title') return 1;
    if (/^toc(?: heading)?\b/.test(name)) return undefined;
    const numbered = /^heading\s?([1-9])$/.exec(name)?.[1];
    if (numbered !== undefined) return Number(numbered);
    const outline = chain[index]?.outlineLevel;
    if (outline !== undefined) return outline < bodyText ? outline + 1 : undefined;
  }
  return undefined;
}

/** A part that is read as a whole, for the small ones. */
export const readPart = (zip: Zip, part: string | undefined): Promise<XmlElement | undefined> =>
  part === undefined ? Promise.resolve(undefined) : readXml(zip.stream(part));
