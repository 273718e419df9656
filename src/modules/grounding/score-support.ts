import type { Evidence, Support } from './ports.ts';
import { numbersIn, readStatement, type Statement } from './read-statement.ts';
import type { EvidenceSentence } from './split-evidence.ts';
import { cosine, coverage, type TermWeights, unite } from './weigh-terms.ts';

/** Passages taken apart once, for any number of statements. */
export type PreparedEvidence = {
  evidence: readonly Evidence[];
  /** Terms of each passage's title and headings. */
  contexts: readonly ReadonlySet<string>[];
  sentences: readonly EvidenceSentence[];
  /** One vector a sentence, in the same order. */
  vectors: readonly Float32Array[];
  weightOf: TermWeights;
};

/** Measured on ares-judge with `bench/answers.ts`; see the README for the figures. */
export const supportThreshold = 0.5;
const wordsShare = 0.75;
const deniedFactor = 0.5;
const numbersFactor = 0.4;

type Window = { first: EvidenceSentence; last: EvidenceSentence; terms: ReadonlySet<string>; similarity: number };

/** How well the passages support one statement, and the one or two sentences that do it best. Pure. */
export function scoreSupport(text: string, vector: Float32Array | undefined, prepared: PreparedEvidence): Support {
  const statement = readStatement(text);
  const bestOfPassage = new Map<number, { window: Window; score: number }>();
  for (const window of windowsOf(prepared, vector)) {
    const score = scoreWindow(statement, window, prepared);
    const { passage } = window.first;
    if (score > (bestOfPassage.get(passage)?.score ?? 0)) bestOfPassage.set(passage, { window, score });
  }
  const judged = [...bestOfPassage.values()]
    .map(({ window, score }) => {
      const factor = agreement(statement, window, prepared);
      return { window, score: Math.min(1, score * factor), agrees: factor === 1 };
    })
    .sort((left, right) => right.score - left.score);
  const places = judged.map(({ window, score }) => ({
    passage: window.first.passage,
    start: window.first.start,
    end: window.last.end,
    score,
  }));
  const [best] = judged;
  return {
    supported: best?.agrees === true && best.score >= supportThreshold,
    score: best?.score ?? 0,
    best: places[0] && { passage: places[0].passage, start: places[0].start, end: places[0].end },
    places,
  };
}

/** Each sentence alone and with its follower, so that a statement drawn from two is found. */
function* windowsOf({ sentences, vectors }: PreparedEvidence, vector: Float32Array | undefined): Generator<Window> {
  for (const [index, first] of sentences.entries()) {
    const similarity = cosine(vector, vectors[index]);
    yield { first, last: first, terms: first.terms, similarity };
    const next = sentences[index + 1];
    if (next === undefined || next.passage !== first.passage) continue;
    const both = Math.max(similarity, cosine(vector, vectors[index + 1]));
    yield { first, last: next, terms: unite(first.terms, next.terms), similarity: both };
  }
}

/** Words of the window count fully, words that only title and headings hold half; a second sentence costs a little. */
function scoreWindow({ terms }: Statement, window: Window, { contexts, weightOf }: PreparedEvidence): number {
  const held = coverage(terms, window.terms, weightOf);
  if (held === 0) return 0;
  const context = contexts[window.first.passage] ?? new Set();
  const withContext = coverage(terms, unite(window.terms, context), weightOf);
  const words = held + (withContext - held) / 2;
  const lengthCost = window.first === window.last ? 0 : 0.03;
  return Math.max(0, wordsShare * words + (1 - wordsShare) * Math.max(0, window.similarity) - lengthCost);
}

/** 1 when numbers and negation agree with the passage, less when they do not. */
function agreement(statement: Statement, window: Window, { evidence }: PreparedEvidence): number {
  const passage = evidence[window.first.passage];
  const text = passage === undefined ? '' : passage.text;
  const numbers = numbersIn(`${passage?.context ?? ''}\n${text}`);
  if ([...statement.numbers].some((number) => !numbers.has(number))) return numbersFactor;
  const from = passage?.start ?? 0;
  const supporting = readStatement(text.slice(window.first.start - from, window.last.end - from));
  return supporting.negated === statement.negated ? 1 : deniedFactor;
}
