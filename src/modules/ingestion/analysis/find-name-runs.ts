/** Finds what is written like a name: capitalised words that stand together. Offsets in UTF-16 code units. */
import signs from './data/name-signs.json' with { type: 'json' };

export type NameWord = { text: string; start: number; end: number };

/** At most six words of one line. */
export type NameRun = { words: NameWord[]; start: number; end: number; isSentenceStart: boolean };

const particles = new Set(signs.particles.split(' '));
const notNames = new Set(signs.notNames.split(' '));
const maxWords = 6;
const longestGap = 12;
const longestWord = 40;

const capitalised = /(?<![\p{L}\p{M}\p{N}_])\p{Lu}[\p{L}\p{M}\p{N}&+#’'.-]*/gu;
const initials = /^(?:\p{Lu}\.)+$/u;
const abbreviation = /^(?:Inc|Corp|Co|Ltd|Jr|Sr|Dr|Mr|Mrs|Ms|Prof|St)\.$/;

/** In order, not overlapping. Linear in the length of the text. */
export function* findNameRuns(text: string): Generator<NameRun> {
  let words: NameWord[] = [];
  for (const match of text.matchAll(capitalised)) {
    const word = toWord(match[0], match.index);
    const last = words.at(-1);
    if (last !== undefined && (words.length === maxWords || !isJoined(text, last, word))) {
      yield* toRun(text, words);
      words = [];
    }
    words.push(word);
  }
  yield* toRun(text, words);
}

function toWord(found: string, start: number): NameWord {
  const possessive = found.replace(/[’']s?$/, '');
  const text =
    initials.test(possessive) || abbreviation.test(possessive) ? possessive : possessive.replace(/[.’'&-]+$/, '');
  return { text, start, end: start + text.length };
}

function isJoined(text: string, last: NameWord, next: NameWord): boolean {
  const length = next.start - last.end;
  if (length < 1 || length > longestGap || last.text.length > longestWord) return false;
  const gap = text.slice(last.end, next.start);
  if (gap === ' ' || gap === '\u00A0' || gap === ' & ') return true;
  if (gap === ', ') return /^(?:Inc|LLC|Ltd|Corp)\.?$/.test(next.text);
  if (!gap.startsWith(' ') || !gap.endsWith(' ')) return false;
  const between = gap.trim().split(' ');
  return between.every((word) => particles.has(word));
}

/** Without the little words that are written large because a sentence or a title begins. */
function* toRun(text: string, words: readonly NameWord[]): Generator<NameRun> {
  let from = 0;
  let to = words.length;
  while (from < to && isNoName(words[from])) from += 1;
  while (to > from && isNoName(words[to - 1])) to -= 1;
  const kept = words.slice(from, to);
  const [first] = kept;
  const last = kept.at(-1);
  if (first === undefined || last === undefined) return;
  yield {
    words: kept,
    start: first.start,
    end: last.end,
    isSentenceStart: from === 0 && beginsSentence(text, first.start),
  };
}

/** `THE` is as little a name as `The`. */
function isNoName(word: NameWord | undefined): boolean {
  if (word === undefined) return false;
  return notNames.has(word.text) || notNames.has(word.text.charAt(0) + word.text.slice(1).toLowerCase());
}

function beginsSentence(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 4), start).trimEnd();
  return before === '' || /[.!?:|>#*\n-]$/.test(before) || text.slice(Math.max(0, start - 3), start).includes('\n');
}
