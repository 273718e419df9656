/** Numbers and dates of spreadsheets as the sheet shows them, by the format codes of Excel. */
import { type FormatToken, toDateText } from './spreadsheet-date-format.ts';

export type CellFormat = (value: number) => string;

/** Formats that files name by a number only. Those that depend on the reader's country are shown as ISO 8601. */
const builtIn: Readonly<Record<number, string>> = {
  0: 'General',
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  9: '0%',
  10: '0.00%',
  11: '0.00E+00',
  12: '# ?/?',
  13: '# ??/??',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd hh:mm',
  37: '#,##0 ;(#,##0)',
  38: '#,##0 ;(#,##0)',
  39: '#,##0.00;(#,##0.00)',
  40: '#,##0.00;(#,##0.00)',
  44: '$#,##0.00;($#,##0.00)',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
  48: '0.0E+0',
  49: '@',
};

const longestCode = 300;

/** `code` wins over the number; an unknown number is General. */
export function createCellFormat(id: number, code: string | undefined, epoch1904: boolean): CellFormat {
  const sections = splitSections((code ?? builtIn[id] ?? 'General').slice(0, longestCode)).map(toSection);
  return (value) => {
    const index = chooseSection(sections, value);
    const section = sections[index];
    if (section === undefined) return toGeneral(value);
    if (section.isDate) return value < 0 ? toGeneral(value) : toDateText(value, section.tokens, epoch1904);
    const hasOwnSign = index > 0 || section.condition !== undefined;
    return toNumberText(hasOwnSign ? Math.abs(value) : value, section.tokens);
  };
}

type Section = { tokens: FormatToken[]; isDate: boolean; condition: { operator: string; value: number } | undefined };

function splitSections(code: string): string[] {
  return (code.match(/(?:"[^"]*"?|\\.|\[[^\]]*\]?|[^;"\\[])+|;(?=;|$)/g) ?? ['General']).map((part) =>
    part === ';' ? '' : part,
  );
}

const tokenPattern =
  /"([^"]*)"?|\\(.)|_.|\*.|\[([^\]]*)\]?|General|AM\/PM|A\/P|([yYmMdDhHsSeEgG])\4*|\.0+(?=[^0#?]|$)|[\s\S]/g;

function toSection(source: string): Section {
  const section: Section = { tokens: [], isDate: false, condition: undefined };
  for (const match of source.matchAll(tokenPattern)) {
    const [text, quoted, escaped, bracketed, letter] = match;
    if (bracketed !== undefined) readBracketed(bracketed, section);
    else if (quoted !== undefined || escaped !== undefined) addLiteral(quoted ?? escaped ?? '', section);
    else if (/^[_*]/.test(text)) addLiteral(text.startsWith('_') ? ' ' : '', section);
    else {
      section.isDate ||= /^[ymdhs]/i.test(letter ?? '') || text === 'AM/PM' || text === 'A/P';
      section.tokens.push({ kind: 'code', text });
    }
  }
  return section;
}

const addLiteral = (text: string, { tokens }: Section): void => {
  tokens.push({ kind: 'literal', text });
};

/** A condition, a currency, a time that has gone by; colours and languages say nothing. */
function readBracketed(text: string, section: Section): void {
  section.condition ??= toCondition(text);
  const currency = /^\$([^-]*)/.exec(text)?.[1];
  if (currency) addLiteral(currency, section);
  if (!/^(?:h+|m+|s+)$/i.test(text)) return;
  section.isDate = true;
  section.tokens.push({ kind: 'code', text: `[${text.toLowerCase()}]` });
}

function toCondition(text: string): Section['condition'] {
  const found = /^(<=|>=|<>|<|>|=)(-?[\d.]+)$/.exec(text);
  return found === null ? undefined : { operator: found[1] ?? '', value: Number(found[2]) };
}

function chooseSection(sections: readonly Section[], value: number): number {
  const conditional = sections.findIndex(({ condition }) => condition !== undefined && holds(condition, value));
  if (conditional >= 0) return conditional;
  if (sections.some(({ condition }) => condition !== undefined)) {
    return sections.findIndex(({ condition }) => condition === undefined);
  }
  if (value < 0 && sections.length > 1) return 1;
  return value === 0 && sections.length > 2 ? 2 : 0;
}

function holds({ operator, value }: { operator: string; value: number }, actual: number): boolean {
  if (operator === '=') return actual === value;
  if (operator === '<>') return actual !== value;
  if (operator.startsWith('<')) return actual < value || (operator === '<=' && actual === value);
  return actual > value || (operator === '>=' && actual === value);
}

/** Fifteen digits are what a spreadsheet knows; more are noise of binary fractions. */
export function toGeneral(value: number): string {
  return String(Number(value.toPrecision(15)));
}

const isDigitCode = ({ kind, text }: FormatToken): boolean => kind === 'code' && /^(?:[0#?,.]|\.0+)$/.test(text);

function toNumberText(value: number, tokens: readonly FormatToken[]): string {
  if (tokens.some(({ kind, text }) => kind === 'code' && (text === 'General' || text === '@'))) {
    return tokens
      .map(({ kind, text }) => (kind === 'code' ? toGeneral(value) : text))
      .join('')
      .trim();
  }
  const first = tokens.findIndex(isDigitCode);
  if (first < 0)
    return tokens
      .map(({ text }) => text)
      .join('')
      .trim();
  const last = tokens.findLastIndex(isDigitCode);
  const pattern = tokens
    .slice(first, last + 1)
    .filter(isDigitCode)
    .map(({ text }) => text)
    .join('');
  const codes = tokens
    .filter(({ kind }) => kind === 'code')
    .map(({ text }) => text)
    .join('');
  if (/\?\s*\/|\//.test(codes) || /E[+-]/i.test(codes)) return toGeneral(value);
  const percent = (codes.match(/%/g) ?? []).length;
  const digits = toDigits(Math.abs(value) * 100 ** percent, pattern);
  const sign = value < 0 && /[1-9]/.test(digits) ? '-' : '';
  const before = tokens
    .slice(0, first)
    .map(({ text }) => text)
    .join('');
  const after = tokens
    .slice(last + 1)
    .map(({ text }) => text)
    .join('');
  return `${sign}${before}${digits}${after}`.trim();
}

const mostDecimals = 15;
const largestPlain = 1e15;

function toDigits(value: number, pattern: string): string {
  const [whole = '', fraction = ''] = pattern.split('.');
  const scale = /,+$/.exec(pattern)?.[0].length ?? /,+$/.exec(whole)?.[0].length ?? 0;
  const scaled = value / 1_000 ** scale;
  if (scaled >= largestPlain) return toGeneral(scaled);
  const least = fraction.replaceAll(/[^0]/g, '').length;
  const most = Math.min(mostDecimals, fraction.replaceAll(/[^0#?]/g, '').length);
  const exact = Number(scaled.toPrecision(15));
  const [integer = '0', decimals = ''] = exact.toFixed(most).split('.');
  const kept = decimals.replace(/0+$/, '').padEnd(Math.min(least, most), '0');
  const padded = integer.padStart(whole.replaceAll(/[^0]/g, '').length, '0');
  const shown = whole.includes('0') || padded !== '0' ? padded : '';
  const grouped = /[0#?],[0#?]/.test(whole) ? shown.replaceAll(/\B(?=(?:\d{3})+$)/g, ',') : shown;
  return kept === '' ? grouped || '0' : `${grouped}.${kept}`;
}
