/** Picks the one to three sentences of the passages that answer best when there is no language model. Pure. */
import { createTextAnalyzer } from '#platform/search/analyze-text.ts';
import { classifySentence, fencedStretches, type SentenceKind } from './classify-sentence.ts';
import { cleanSentence } from './clean-sentence.ts';

/** A sentence of a passage, ranked as an answer; offsets in the document. */
export type Candidate = {
  passage: number;
  start: number;
  end: number;
  score: number;
  /** Score as an answer to each part of a question that asks several things; empty when it asks one. */
  parts: readonly number[];
};

export type ServedText = { documentId: string; text: string; start: number };

export type ChosenSentence = Omit<Candidate, 'parts'> & {
  /** Cleaned for display; the offsets hold the original. */
  text: string;
};

/** What a kind costs: a table row or code line is taken only where nothing readable comes near. */
const worth: Record<SentenceKind, number> = {
  prose: 1,
  fragment: 0.85,
  table: 0.7,
  code: 0.5,
  heading: 0.15,
  rubble: 0,
};
/** A further sentence must come this close to the best one, … */
const closeEnough = 0.85;
/** … hold a word of the question that the others lack, and share at most this much of its words with one of them. */
const mostShared = 0.6;
/** Only so many of the ranked candidates are looked at. */
const mostCandidates = 60;
/** An answer to a part of the question is left out below this share of the whole question's best. */
const partWorth = 0.6;
/** … or when a chosen sentence answers that part this nearly as well. */
const partAnswered = 0.85;
const leansBack = /^(?:it|they|he|she|this|these|those)\b/i;

/** What follows the head of a Markdown table. */
const tableRule = /^[ \t]*\n[ \t]*\|?[ \t]*:?-{2,}[ \t:|-]*(?:\n|$)/;

const analyze = createTextAnalyzer();

type Weighed = ChosenSentence & { kind: SentenceKind; terms: Set<string>; parts: readonly number[] };

/** The best sentence, or the best for each part of the question, and then what adds to it: best first. */
export function chooseSentences(
  question: string,
  candidates: readonly Candidate[],
  passages: readonly ServedText[],
  most: number,
): ChosenSentence[] {
  const weighed = weigh(candidates.slice(0, mostCandidates), passages);
  const best = weighed[0];
  if (best === undefined) return [];
  const chosen = best.parts.length > 0 ? answerParts(best, weighed, most) : [best];
  const wanted = new Set(analyze(question));
  for (const candidate of weighed) {
    if (chosen.length >= most || candidate.score < best.score * closeEnough) break;
    if (isNew(candidate, chosen) && addsSomething(candidate, chosen, wanted)) chosen.push(candidate);
  }
  return withAntecedent(chosen, weighed, most).map(({ passage, start, end, score, text }) => ({
    passage,
    start,
    end,
    score,
    text,
  }));
}

/** Each part of the question gets its best sentence, in the order of asking, unless a chosen one answers it as well. */
function answerParts(best: Weighed, weighed: readonly Weighed[], most: number): Weighed[] {
  const chosen: Weighed[] = [];
  for (const part of best.parts.keys()) {
    const scoreOf = ({ parts, kind }: Weighed): number => (parts[part] ?? 0) * worth[kind];
    const answer = weighed.reduce((top, one) => (scoreOf(one) > scoreOf(top) ? one : top), best);
    const isAnswered = chosen.some((one) => scoreOf(one) >= scoreOf(answer) * partAnswered);
    const isGood = scoreOf(answer) >= best.score * partWorth;
    if (chosen.length < most && !isAnswered && isGood && isNew(answer, chosen)) chosen.push(answer);
  }
  return chosen.length === 0 ? [best] : chosen;
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
      const isHead = tableRule.test(passage.text.slice(start + original.length));
      const kind = isHead ? 'heading' : classifySentence(lineStart(passage.text, start) + original, fenced);
      const text = cleanSentence(original);
      const score = candidate.score * worth[kind];
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

function isNew(candidate: Weighed, chosen: readonly Weighed[]): boolean {
  return chosen.every((other) => sharedWords(candidate, other) <= mostShared && !overlaps(candidate, other));
}

/** Prose only, and it holds a word of the question that is still missing. */
function addsSomething({ kind, terms }: Weighed, chosen: readonly Weighed[], wanted: ReadonlySet<string>): boolean {
  const isMissing = (term: string) => wanted.has(term) && !chosen.some((other) => other.terms.has(term));
  return kind === 'prose' && [...terms].some(isMissing);
}

/** “It does X.” is no answer alone: the sentence before comes along, before it, when there is room. */
function withAntecedent(chosen: readonly Weighed[], weighed: readonly Weighed[], most: number): Weighed[] {
  const best = chosen[0];
  if (best === undefined || chosen.length >= most || !leansBack.test(best.text)) return [...chosen];
  const before = weighed
    .filter(({ passage, end, kind }) => passage === best.passage && end <= best.start && kind === 'prose')
    .sort((left, right) => right.end - left.end)[0];
  const isNeighbour = before !== undefined && best.start - before.end < 3 && !chosen.includes(before);
  return isNeighbour ? [before, ...chosen] : [...chosen];
}
