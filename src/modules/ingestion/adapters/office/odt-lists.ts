import { toNumeral } from '../docx/docx-numbering.ts';
import { findAllXml, isElement, type XmlElement } from './read-xml.ts';

export type OdtListLevel = {
  isNumbered: boolean;
  format: string;
  suffix: string;
  prefix: string;
  start: number;
  shown: number;
};

/** Markers of a list style by depth, from 0; a style or depth that is not there has bullets. */
export type OdtListStyles = (style: string | undefined, depth: number) => OdtListLevel;

const bullet: OdtListLevel = { isNumbered: false, format: 'decimal', suffix: '', prefix: '', start: 1, shown: 1 };

export function readOdtListStyles(roots: readonly (XmlElement | undefined)[]): OdtListStyles {
  const styles = new Map<string, Map<number, OdtListLevel>>();
  for (const element of roots.flatMap((root) => findAllXml(root, 'text:list-style'))) {
    const levels = new Map<number, OdtListLevel>();
    for (const level of element.children) {
      if (!isElement(level) || !level.name.startsWith('text:list-level-style-')) continue;
      levels.set(Number(level.attributes['text:level'] ?? 1) - 1, toLevel(level));
    }
    styles.set(element.attributes['style:name'] ?? '', levels);
  }
  return (style, depth) => styles.get(style ?? '')?.get(depth) ?? bullet;
}

const formats: Readonly<Record<string, string>> = {
  a: 'lowerLetter',
  A: 'upperLetter',
  i: 'lowerRoman',
  I: 'upperRoman',
};

function toLevel({ name, attributes }: XmlElement): OdtListLevel {
  return {
    isNumbered: name === 'text:list-level-style-number' && (attributes['style:num-format'] ?? '') !== '',
    format: formats[attributes['style:num-format'] ?? ''] ?? 'decimal',
    suffix: attributes['style:num-suffix'] ?? '',
    prefix: attributes['style:num-prefix'] ?? '',
    start: Number.parseInt(attributes['text:start-value'] ?? '1', 10) || 1,
    shown: Number.parseInt(attributes['text:display-levels'] ?? '1', 10) || 1,
  };
}

/** `numbers` are the counters of the open lists, outermost first. */
export function toOdtMarker(level: OdtListLevel, numbers: readonly number[]): string {
  if (!level.isNumbered) return '-';
  const shown = numbers.slice(-level.shown).map((number) => toNumeral(number, level.format));
  return `${level.prefix}${shown.join('.')}${level.suffix}`.trim() || '-';
}
