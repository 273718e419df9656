import { beforeNumber, neverFinal, sometimesFinal, usualFirstWords } from './abbreviations.ts';
import { type Span, splitParagraphs } from './split-paragraphs.ts';

export type { Span } from './split-paragraphs.ts';

const terminators = new Set('.!?…。！？｡．؟۔।॥‽');
/** These end a sentence without white space behind them. */
const wideTerminators = new Set('。！？｡');
const closers = new Set('"\'”’»›)]}）】」』〉》〕*_`');
const lowerCase = /^\p{Ll}/u;
const digitOrLetter = /^(?:[#§(]?\d|[A-Z]\b|[ivx]+\b)/;
const markerAtStart = /^\s*\(?(?:\d{1,9}|[a-zA-Z]|[ivxIVX]{1,5})$/;
const wordBefore = /[\p{L}\p{M}\p{N}.’'-]+$/u;
const wordAfter = /^[\p{L}\p{M}’']+/u;
const footnote = /^(?:\[\^?\w{1,8}\]){1,5}/;

/** No abbreviation and no first word is longer; keeps the look around a full stop short. */
const reach = 24;

/**
 * The sentences of a text as offsets in UTF-16 code units: in order, without overlap, each beginning and ending in
 * something visible, together holding every visible character. Headings, list items, table rows and lines of code are
 * sentences of their own. Linear in the length of the text.
 */
export function splitSentences(text: string): Span[] {
  const sentences: Span[] = [];
  for (const paragraph of splitParagraphs(text)) splitParagraph(text, paragraph, sentences);
  return sentences;
}

function splitParagraph(text: string, paragraph: Span, sentences: Span[]): void {
  let start = paragraph.start;
  let at = paragraph.start;
  while (at < paragraph.end) {
    if (!terminators.has(text.charAt(at))) {
      at += 1;
      continue;
    }
    const stop = endOfStop(text, at, paragraph.end);
    if (isSentenceEnd(text, { start, at, stop, limit: paragraph.end })) {
      pushTrimmed(text, start, stop, sentences);
      start = stop;
    }
    at = stop;
  }
  pushTrimmed(text, start, paragraph.end, sentences);
}

/** Behind the run of terminators at `at` and the quotes, brackets and footnote marks that belong to it. */
function endOfStop(text: string, at: number, limit: number): number {
  let end = at + 1;
  while (end < limit && terminators.has(text.charAt(end))) end += 1;
  const mark = footnote.exec(text.slice(end, Math.min(limit, end + reach * 2)));
  if (mark !== null) end += mark[0].length;
  while (end < limit && closers.has(text.charAt(end))) end += 1;
  return end;
}

type Stop = { start: number; at: number; stop: number; limit: number };

function isSentenceEnd(text: string, { start, at, stop, limit }: Stop): boolean {
  if (stop >= limit) return true;
  if (wideTerminators.has(text.charAt(at))) return true;
  if (!isSpace(text.charCodeAt(stop))) return false;
  let next = stop;
  while (next < limit && isSpace(text.charCodeAt(next))) next += 1;
  if (next >= limit) return true;
  const following = text.slice(next, Math.min(limit, next + reach)).replace(/^["'“‘«([*_`¿¡]+/, '');
  const character = text.charAt(at);
  if (character === '!' || character === '?') return !(stop > at + 1 && lowerCase.test(following));
  if (character !== '.') return !lowerCase.test(following);
  return isFullStop(text.slice(Math.max(start, at - reach), at), at - start <= reach, following);
}

/** Whether the full stop behind `preceding` ends a sentence when `following` comes next. */
function isFullStop(preceding: string, fromStart: boolean, following: string): boolean {
  if (fromStart && markerAtStart.test(preceding)) return false;
  const word = (wordBefore.exec(preceding)?.[0] ?? '').replace(/^[.’'-]+/, '');
  const lower = word.toLowerCase();
  if (neverFinal.has(lower)) return false;
  if (beforeNumber.has(lower) && digitOrLetter.test(following)) return false;
  if (lowerCase.test(following)) return word === lower && word.length >= 5 && !word.includes('.');
  const next = wordAfter.exec(following)?.[0].toLowerCase() ?? '';
  const isInitial = /^(?:\p{Lu}|\p{Lu}(?:\.\p{Lu})+)$/u.test(word);
  if (isInitial || sometimesFinal.has(lower)) return next === '' || usualFirstWords.has(next);
  return true;
}

function pushTrimmed(text: string, from: number, to: number, sentences: Span[]): void {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  if (end > start) sentences.push({ start, end });
}

/** The same set as `String.trim`. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0xa0) return false;
  return code === 0xa0 || code === 0xfeff || code === 0x3000 || isRareSpace(code);
}

function isRareSpace(code: number): boolean {
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f
  );
}
