/** The words and word pairs that a text keeps coming back to. */
import functionWordLists from './data/function-words.json' with { type: 'json' };

const functionWords = new Set(Object.values(functionWordLists).flatMap((words) => words.split(' ')));
const fillers = new Set(
  'use used using also may must should could might can one two three first new see get set make made like way need want example note page table figure section item following however because while where per via etc yes click here each any very just even well still let know going said say says much really'.split(
    ' ',
  ),
);

const maxPhrases = 6;
const leastCount = 2;
const titleBonus = 3;
/** A pair says more than its words, and comes less often. */
const pairWeight = 2.2;

const words = /[\p{L}][\p{L}\p{M}\p{N}’'-]*/gu;
const boundary = /[^\p{L}\p{M}\p{N} ’'-]/u;

/** Lower-case, likeliest first, at most six; in scripts without spaces none. */
export function findKeyPhrases(sample: string, title: string): string[] {
  const counts = new Map<string, number>();
  const isInTitle = new Set([...title.toLowerCase().matchAll(words)].map(([word]) => word));
  let previous: { word: string; end: number } | undefined;
  for (const { 0: found, index } of sample.matchAll(words)) {
    const word = found.toLowerCase();
    if (!isTelling(word)) {
      previous = undefined;
      continue;
    }
    add(counts, word);
    const isPair = previous !== undefined && !boundary.test(sample.slice(previous.end, index));
    if (isPair && previous !== undefined && previous.word !== word) add(counts, `${previous.word} ${word}`);
    previous = { word, end: index + found.length };
  }
  return choose(counts, isInTitle);
}

function choose(counts: ReadonlyMap<string, number>, isInTitle: ReadonlySet<string>): string[] {
  const scored = [...counts]
    .filter(([phrase, count]) => count >= leastCount || isInTitle.has(phrase))
    .map(([phrase, count]) => ({ phrase, score: scoreOf(phrase, count, isInTitle) }))
    .sort((one, other) => other.score - one.score || (one.phrase < other.phrase ? -1 : 1));
  const chosen: string[] = [];
  for (const { phrase } of scored) {
    if (chosen.length === maxPhrases) break;
    const parts = new Set(phrase.split(' '));
    if (!chosen.some((other) => other.split(' ').some((part) => parts.has(part)))) chosen.push(phrase);
  }
  return chosen;
}

function scoreOf(phrase: string, count: number, isInTitle: ReadonlySet<string>): number {
  const parts = phrase.split(' ');
  const bonus = parts.every((part) => isInTitle.has(part)) ? titleBonus : 1;
  return (parts.length > 1 ? pairWeight : 1) * count * bonus;
}

const longestWord = 40;
const isTelling = (word: string): boolean =>
  word.length > 2 && word.length <= longestWord && !functionWords.has(word) && !fillers.has(word);

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
