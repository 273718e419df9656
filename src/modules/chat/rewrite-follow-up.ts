/** A follow-up such as “and in 2023?” is searched with the content words of the question before it. Pure. */
import { createTextAnalyzer } from '#platform/search/analyze-text.ts';

const analyze = createTextAnalyzer();

const asks =
  /^(?:(?:and|but|so)\s+)?(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|has|have)\b/i;
const auxiliary = /\b(?:is|are|was|were|do|does|did|can|has|have|means?)\b/i;
const continues =
  /^(?:(?:and|but|or|so)\s+)?(?:what about|how about|why not|how come|tell me more|explain|go on|continue)\b/i;
const joins = /^(?:and|but|or|so|also|then)\b/i;
/** These stand for something; for what, is said before them in the same message or was said earlier. */
const pronoun = /\b(?:it|its|itself|they|them|their|theirs|he|him|his|she|her|hers)\b/i;
const pointer = /\b(?:this|that|these|those)\b/i;
/** These only point back, wherever they stand. */
const backwards = /\b(?:former|latter|instead|else)\b|\b(?:there|ones?|the same|too|then)\s*[?.!]*$/i;
/** “The limit?”: one noun that everybody is taken to know. */
const knownThing = /\bthe\s+[\p{L}\p{N}'’-]+\s*[?.!]*$/iu;

/** A pronoun behind this many content words is taken to stand for one of them. */
const wordsToStandFor = 2;
const fewestWords = 2;
/** A message that joins on, yet asks with so many words of its own, asks for itself. */
const ownWords = 5;
/** Words taken over from the question before: the new one's own must dominate. */
const mostWordsTaken = 6;

/** True when the message says too little alone: it points back, continues, or is no question of its own. */
export function leansOnConversation(message: string): boolean {
  return pointsBack(message) || continuesBefore(message);
}

function pointsBack(message: string): boolean {
  if (backwards.test(message)) return true;
  if (isUnresolved(message, pointer, 1)) return true;
  const endsInPronoun = new RegExp(`${pronoun.source}\\s*[?.!]*$`, 'i').test(message);
  const isOneClause = !/,|\band\b/i.test(message.replace(joins, ''));
  return isUnresolved(message, pronoun, wordsToStandFor) || (endsInPronoun && isOneClause);
}

/** True when fewer than `enough` content words stand before the first such word. */
function isUnresolved(message: string, word: RegExp, enough: number): boolean {
  const found = word.exec(message);
  return found !== null && analyze(message.slice(0, found.index)).length < enough;
}

function continuesBefore(message: string): boolean {
  const trimmed = message.trim();
  const own = analyze(trimmed).length;
  if (own === 0 || (continues.test(trimmed) && own < ownWords)) return true;
  if (joins.test(trimmed) && !asks.test(trimmed)) return own < ownWords;
  if (own >= fewestWords) return false;
  return !asks.test(trimmed) || !auxiliary.test(trimmed) || knownThing.test(trimmed);
}

/** What to search for: the message alone, or with the words of the latest earlier question that it leans on. */
export function rewriteFollowUp(message: string, earlierQuestions: readonly string[]): string {
  if (earlierQuestions.length === 0 || !leansOnConversation(message)) return message;
  const earlier = earlierQuestions.findLast((question) => analyze(question).length >= fewestWords);
  if (earlier === undefined) return message;
  const own = new Set(analyze(message));
  const replaced = pointsBack(message) ? [] : kindsIn(message);
  const taken = wordsOf(earlier)
    .filter((word, at) => analyze(word).some((term) => !own.has(term)) && !replaced.includes(kindOf(word, at) ?? ''))
    .slice(0, mostWordsTaken);
  return taken.length === 0 ? message : `${message} ${[...new Set(taken)].join(' ')}`;
}

/** “What about Apple?” asks about Apple in place of the name before, “and in 2023?” about 2023 in place of the year. */
function kindsIn(message: string): string[] {
  return wordsOf(message).flatMap((word, at) => kindOf(word, at) ?? []);
}

function kindOf(word: string, at: number): 'name' | 'number' | undefined {
  if (/^\p{Nd}/u.test(word)) return 'number';
  return at > 0 && /^\p{Lu}/u.test(word) ? 'name' : undefined;
}

function wordsOf(text: string): string[] {
  return (text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu) ?? []).map((word) => word.replace(/[.'’-]+$/, ''));
}
