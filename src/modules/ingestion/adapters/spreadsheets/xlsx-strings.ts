/** Strings of an Excel file, which its cells only point to. */
import { visitXml, type XmlElement, xmlText } from '../office/read-xml.ts';
import type { Zip } from '../office/read-zip.ts';

const ignored = new Set(['rPh', 'phoneticPr', 'rPr']);

/** The text of a string with its runs, without the reading aids of East Asian names. */
export function stringText(element: XmlElement): string {
  let text = '';
  for (const child of element.children) {
    if (typeof child === 'string' || ignored.has(child.name)) continue;
    text += child.name === 't' ? fromEscapes(xmlText(child)) : stringText(child);
  }
  return text;
}

/** Excel writes characters that XML cannot hold as `_x000D_`. */
function fromEscapes(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replaceAll(/_x([\dA-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

export async function readStrings(zip: Zip, part: string | undefined, take: (text: string) => void): Promise<string[]> {
  const strings: string[] = [];
  if (part === undefined) return strings;
  await visitXml(zip.stream(part), {
    isPart: (name) => name === 'si',
    visit(element) {
      const text = stringText(element);
      take(text);
      strings.push(text);
    },
  });
  return strings;
}
