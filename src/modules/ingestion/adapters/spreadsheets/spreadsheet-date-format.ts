/** Dates and times of spreadsheets as the sheet shows them. */

/** `literal` is shown as it is, `code` is a run of one format letter or a single format character. */
export type FormatToken = { kind: 'literal' | 'code'; text: string };

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const dayMs = 86_400_000;
/** Day 0 of the usual count is 1899-12-30, because Excel believes in 29 February 1900. */
const epoch1900Ms = Date.UTC(1899, 11, 30);
const epoch1904Ms = Date.UTC(1904, 0, 1);
const falseLeapDay = 60;
const largestSerial = 2_958_466;

/** A count of days as the date or time that the format wants; a count beyond the year 9999 stays a number. */
export function toDateText(serial: number, tokens: readonly FormatToken[], epoch1904: boolean): string {
  if (serial >= largestSerial) return String(serial);
  const shift = !epoch1904 && serial < falseLeapDay ? 1 : 0;
  const fraction = fractionDigits(tokens);
  const unit = 1_000 / 10 ** Math.min(3, fraction);
  const ms = Math.round(((serial + shift) * dayMs) / unit) * unit;
  const date = new Date((epoch1904 ? epoch1904Ms : epoch1900Ms) + ms);
  const hasHalves = tokens.some(({ text }) => /^A(?:M\/PM|\/P)$/.test(text));
  const context = { date, elapsedMs: Math.round((serial * dayMs) / unit) * unit, hasHalves };
  return tokens
    .map((token, index) =>
      token.kind === 'literal' ? token.text : toPart(token.text, isMinutes(tokens, index), context),
    )
    .join('')
    .trim();
}

function fractionDigits(tokens: readonly FormatToken[]): number {
  return tokens.find(({ kind, text }) => kind === 'code' && /^\.0+$/.test(text))?.text.slice(1).length ?? 0;
}

/** `m` is minutes next to hours or seconds, months elsewhere. */
function isMinutes(tokens: readonly FormatToken[], index: number): boolean {
  const isTime = ({ kind, text }: FormatToken): boolean => kind === 'code' && /^\[?[ymdhs]+\]?$/i.test(text);
  const before = tokens.slice(0, index).findLast(isTime)?.text ?? '';
  const after = tokens.slice(index + 1).find(isTime)?.text ?? '';
  return /h/i.test(before) || /s/i.test(after);
}

type DateContext = { date: Date; elapsedMs: number; hasHalves: boolean };

function toPart(code: string, minutes: boolean, { date, elapsedMs, hasHalves }: DateContext): string {
  const pad = (number: number, length: number): string => String(number).padStart(Math.min(2, length), '0');
  const letter = code.replace('[', '').charAt(0).toLowerCase();
  const length = code.replaceAll(/[[\]]/g, '').length;
  if (code.startsWith('[')) return pad(Math.floor(elapsedMs / (elapsedUnits[letter] ?? 1_000)), length);
  if (/^\.0+$/.test(code)) return (date.getUTCMilliseconds() / 1_000).toFixed(Math.min(3, length - 1)).slice(1);
  if (/^A(?:M\/PM|\/P)$/.test(code)) return date.getUTCHours() < 12 ? 'AM' : 'PM';
  const hours = date.getUTCHours();
  const parts: Record<string, () => string> = {
    y: () => (length <= 2 ? pad(date.getUTCFullYear() % 100, 2) : String(date.getUTCFullYear())),
    m: () => (minutes ? pad(date.getUTCMinutes(), length) : toMonth(date.getUTCMonth(), length)),
    d: () => toDay(date, length),
    h: () => pad(hasHalves ? hours % 12 || 12 : hours, length),
    s: () => pad(date.getUTCSeconds(), length),
  };
  return parts[letter]?.() ?? code;
}

const elapsedUnits: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000 };

function toMonth(month: number, length: number): string {
  const name = months[month] ?? '';
  if (length <= 2) return String(month + 1).padStart(length, '0');
  return length === 3 ? name.slice(0, 3) : name;
}

function toDay(date: Date, length: number): string {
  const name = days[date.getUTCDay()] ?? '';
  if (length <= 2) return String(date.getUTCDate()).padStart(length, '0');
  return length === 3 ? name.slice(0, 3) : name;
}
