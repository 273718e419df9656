import type { Answerability } from './ports.ts';
import { type Asked, rankCandidates } from './rank-candidates.ts';
import { couldAnswer, readWanted } from './read-question.ts';
import { readStatement, termsOf } from './read-statement.ts';
import type { PreparedEvidence } from './score-support.ts';
import { cosine, coverage, unite } from './weigh-terms.ts';

/** What the decision looks at; each in [0, 1]. */
export type AnswerSigns = {
  /** Share of the question's words, by rarity, that one or two neighbouring sentences and their headings hold. */
  windowCoverage: number;
  /** Best cosine of question and sentence, at least 0. */
  sentenceSimilarity: number;
  /** Retrieval's own estimate, which knows the whole collection. */
  confidence: number;
  /** Share of the question's names that the passage holding most of them lacks. */
  missingNames: number;
  /** 1 when the question is about the one who asks or the one who answers: documents rarely know. */
  aboutAsker: number;
  /** 1 when “how many …” finds no number before what is counted, a quarter when another kind of answer is missing, else 0. */
  unfitting: number;
  /** 1 when the question has hardly a word that says what it is about. */
  fewWords: number;
};

/** Weights of a logistic rule whose boundary is at 0.5. */
export type AnswerRule = { bias: number } & Record<keyof AnswerSigns, number>;

/**
 * Fitted by `bench/answers.ts`, whose figures are in the README; refit when the analyzer, the chunker or the default
 * embedder changes. Three weights are set by hand. `aboutAsker` is held back: the sets have no answerable question about
 * the asker, and a staff handbook does answer “my notice period” when everything else speaks for it. `unfitting` and
 * `fewWords` are rare in the sets; the first is strong only for “how many”, where it is sure.
 */
const calibratedRule: AnswerRule = {
  bias: -2.7,
  windowCoverage: 2,
  sentenceSimilarity: 2.4,
  confidence: 3.5,
  missingNames: -2.6,
  aboutAsker: -3.5,
  unfitting: -4,
  fewWords: -2,
};

/** Fitted with feature hashing; for every embedder whose cosines were not measured: words alone decide. */
const wordsRule: AnswerRule = {
  bias: -1.95,
  windowCoverage: 2.9,
  sentenceSimilarity: 0,
  confidence: 4.5,
  missingNames: -2.1,
  aboutAsker: -4.5,
  unfitting: -5,
  fewWords: -2,
};

export const answerThreshold = 0.5;

/** The rule for vectors of this provider. */
export function ruleFor(embeddingProvider: string): AnswerRule {
  return embeddingProvider === 'static' ? calibratedRule : wordsRule;
}

export const signNames = [
  'windowCoverage',
  'sentenceSimilarity',
  'confidence',
  'missingNames',
  'aboutAsker',
  'unfitting',
  'fewWords',
] as const satisfies (keyof AnswerSigns)[];

/** Between 0 and 1; from 0.5 on the passages with these signs are taken to hold the answer. */
export function weighSigns(signs: AnswerSigns, rule: AnswerRule): number {
  const sum = signNames.reduce((total, name) => total + rule[name] * signs[name], rule.bias);
  return 1 / (1 + Math.exp(-sum));
}

const aboutAsker =
  /\b(?:my|mine|me|myself|your|yours)\b|\b(?:am|was|did|have|had) I\b|\b(?:where|when|who|why|what|which) do I\b|\b(?:are|do) you\b/i;

/** The signs of a question against its passages. Pure. */
export function readSigns(
  question: string,
  vector: Float32Array | undefined,
  confidence: number,
  prepared: PreparedEvidence,
): AnswerSigns {
  const { terms, names } = readStatement(question);
  return {
    windowCoverage: bestWindowCoverage(terms, prepared),
    sentenceSimilarity: Math.max(0, ...prepared.vectors.map((sentence) => cosine(vector, sentence))),
    confidence: Math.min(1, Math.max(0, confidence)),
    missingNames: fewestMissing(names, prepared),
    aboutAsker: aboutAsker.test(question) ? 1 : 0,
    unfitting: missesKind(question, terms, prepared),
    fewWords: terms.size < fewestWords ? 1 : 0,
  };
}

function bestWindowCoverage(wanted: ReadonlySet<string>, { contexts, sentences, weightOf }: PreparedEvidence): number {
  let best = 0;
  for (const [index, sentence] of sentences.entries()) {
    const next = sentences[index + 1];
    const follower = next?.passage === sentence.passage ? next.terms : new Set<string>();
    const held = unite(unite(sentence.terms, follower), contexts[sentence.passage] ?? new Set());
    best = Math.max(best, coverage(wanted, held, weightOf));
  }
  return best;
}

/** A sentence with less of the question's words, by rarity, is about something else. */
const leastCoverage = 0.3;
const fewestWords = 2;

function missesKind(question: string, terms: ReadonlySet<string>, prepared: PreparedEvidence): number {
  const { contexts, sentences, weightOf } = prepared;
  const wanted = readWanted(question);
  if (wanted.kind === 'any') return 0;
  const isHeld = sentences.some(({ passage, text, terms: own }) => {
    const held = unite(own, contexts[passage] ?? new Set());
    return coverage(terms, held, weightOf) >= leastCoverage && couldAnswer(wanted, text);
  });
  if (isHeld) return 0;
  return wanted.kind === 'count' ? 1 : 0.25;
}

function fewestMissing(names: ReadonlySet<string>, { evidence, contexts }: PreparedEvidence): number {
  if (names.size === 0 || evidence.length === 0) return 0;
  const missing = evidence.map(({ text }, passage) => {
    const held = unite(termsOf(text), contexts[passage] ?? new Set());
    return [...names].filter((name) => !held.has(name)).length;
  });
  return Math.min(...missing) / names.size;
}

/** Whether the passages can answer, and their sentences ranked as answers. `parts` are empty for a question that asks once. Pure. */
export function judgeAnswerability(
  asked: Asked,
  parts: readonly Asked[],
  { confidence, rule }: { confidence: number; rule: AnswerRule },
  prepared: PreparedEvidence,
): Answerability {
  const score = weighSigns(readSigns(asked.text, asked.vector, confidence, prepared), rule);
  return { answerable: score >= answerThreshold, score, candidates: rankCandidates(asked, parts, prepared) };
}
