/** Picks the one to three sentences of the passages that answer best when there is no language model. Pure. */
import { createTextAnalyzer } from '#platform/search/analyze-text.ts';
import { classifySentence, fencedStretches, type SentenceKind } from './classify-sentence.ts';
import { cleanSentence } from './clean-sentence.ts';

/** A sentence of a passage, ranked as an answer; offsets in the document. */
export type Candidate = { passage: number; start: number; end: number; score: number };

export type ServedText = { documentId: string; text: string; start: number };

export type ChosenSentence = Candidate & {
  /** Cleaned for display; the offsets hold the original. */
  text: string;
};

/** What a kind costs: a table row or code line is taken only where nothing readable comes near. */
const worth: Record<SentenceKind, number> = {
  prose: 1,
  fragment: 0.8,
  table: 0.6,
  code: 0.5,
  heading: 0.15,
  rubble: 0,
};
/** A further sentence must come this close to the best one … */
const closeEnough = 0.8;
/** … and share at most this much of its words with one that was chosen. */
const mostShared = 0.6;
/** Only so many of the ranked candidates are looked at. */
const mostCandidates = 60;
const leansBack =
  /^(?:it|its|this|that|these|those|they|he|she|such|both|here|however|also|and|but|or|so|then|otherwise|of course)\b/i;
/** What a sentence is worth that leans on the one before. */
const leaningWorth = 0.92;

const analyze = createTextAnalyzer();

type Weighed = ChosenSentence & { kind: SentenceKind; terms: Set<string> };

export function chooseSentences(
  question: string,
  candidates: readonly Candidate[],
  passages: readonly ServedText[],
  most: number,
): ChosenSentence[] {
  const weighed = weigh(candidates.slice(0, mostCandidates), passages);
  const best = weighed[0];
  if (best === undefined) return [];
  const wanted = new Set(analyze(question));
  const chosen = [best];
  for (const candidate of weighed.slice(1)) {
    if (chosen.length >= most || candidate.score < best.score * closeEnough) break;
    const isNew = chosen.every((other) => sharedWords(candidate, other) <= mostShared && !overlaps(candidate, other));
    if (isNew && addsSomething(candidate, chosen, wanted)) chosen.push(candidate);
  }
  return inReadingOrder(withAntecedent(chosen, weighed, most)).map(({ passage, start, end, score, text }) => ({
    passage,
    start,
    end,
    score,
    text,
  }));
}

/** Candidates with their worth to a reader in the score, best first; without what is not worth showing. */
function weigh(candidates: readonly Candidate[], passages: readonly ServedText[]): Weighed[] {
  const fences = passages.map(({ text }) => fencedStretches(text));
  return candidates
    .flatMap((candidate) => {
      const passage = passages[candidate.passage];
      if (passage === undefined) return [];
      const start = candidate.start - passage.start;
      const original = passage.text.slice(start, candidate.end - passage.start);
      const fenced = fences[candidate.passage]?.some((fence) => fence.start <= start && start < fence.end) ?? false;
      const kind = classifySentence(lineStart(passage.text, start) + original, fenced);
      const text = cleanSentence(original);
      const score = candidate.score * worth[kind] * (leansBack.test(text) ? leaningWorth : 1);
      return score === 0 || text === '' ? [] : [{ ...candidate, score, kind, text, terms: new Set(analyze(text)) }];
    })
    .sort((left, right) => right.score - left.score);
}

/** The white space between the line's beginning and the sentence: indented code shows by it. */
function lineStart(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return line.trim() === '' ? line : '';
}

function sharedWords(one: Weighed, other: Weighed): number {
  const smaller = Math.min(one.terms.size, other.terms.size);
  return smaller === 0 ? 1 : [...one.terms].filter((term) => other.terms.has(term)).length / smaller;
}

function overlaps(one: Weighed, other: Weighed): boolean {
  return one.passage === other.passage && one.start < other.end && other.start < one.end;
}

/** Prose only, and either it holds a word of the question that is still missing or it is nearly as good as the best. */
function addsSomething(candidate: Weighed, chosen: readonly Weighed[], wanted: ReadonlySet<string>): boolean {
  if (candidate.kind !== 'prose') return false;
  const covered = new Set(chosen.flatMap(({ terms }) => [...terms]));
  const isMissing = [...candidate.terms].some((term) => wanted.has(term) && !covered.has(term));
  return isMissing || candidate.score >= (chosen[0]?.score ?? 0) * 0.9;
}

/** “It also does X.” is no answer alone: the sentence before comes along when there is room. */
function withAntecedent(chosen: Weighed[], weighed: readonly Weighed[], most: number): Weighed[] {
  const best = chosen[0];
  if (best === undefined || chosen.length >= most || !leansBack.test(best.text)) return chosen;
  const before = weighed
    .filter(({ passage, end, kind }) => passage === best.passage && end <= best.start && kind === 'prose')
    .sort((left, right) => right.end - left.end)[0];
  const isNeighbour = before !== undefined && best.start - before.end < 3 && !chosen.includes(before);
  return isNeighbour ? [...chosen, before] : chosen;
}

/** The best sentence's document first; inside a document as it is written. */
function inReadingOrder(chosen: Weighed[]): Weighed[] {
  const order = new Map<number, number>();
  for (const { passage } of chosen) if (!order.has(passage)) order.set(passage, order.size);
  return [...chosen].sort(
    (left, right) => (order.get(left.passage) ?? 0) - (order.get(right.passage) ?? 0) || left.start - right.start,
  );
}
