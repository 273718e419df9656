/** The sentences of passages ranked as answers to a question. Pure. */
import type { AnswerCandidate } from './ports.ts';
import { holdsWanted, readWanted } from './read-question.ts';
import { termsOf } from './read-statement.ts';
import type { PreparedEvidence } from './score-support.ts';
import { cosine } from './weigh-terms.ts';

/** A question or one of its parts, with its vector. */
export type Asked = { text: string; vector: Float32Array | undefined };

/**
 * Shares of a score, fitted on questions with marked answers and rounded; a word counts by where it stands.
 */
const share = { words: 0.68, similarity: 0.22, wanted: 0.1 };
const standing = { sentence: 1, otherForm: 0.8, heading: 0.6, before: 0.45, after: 0.2 };
/** What each place further down costs a passage's sentences: passages come best first. */
const rankCost = 0.035;
/** Half of the share when the question does not tell what kind of answer it wants. */
const undecided = 0.5;

/** Every sentence that shares something with the question, best first; `parts` are the question's own when several. */
export function rankCandidates(asked: Asked, parts: readonly Asked[], prepared: PreparedEvidence): AnswerCandidate[] {
  const scores = scoreSentences(asked, prepared);
  const ofParts = parts.map((part) => scoreSentences(part, prepared));
  return prepared.sentences
    .map(({ passage, start, end }, index) => {
      const partScores = ofParts.map((part) => part[index] ?? 0);
      return { passage, start, end, score: scores[index] ?? 0, parts: partScores };
    })
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score);
}

function scoreSentences({ text, vector }: Asked, prepared: PreparedEvidence): number[] {
  const { sentences, vectors } = prepared;
  const words = scoreWords(text, prepared);
  const wanted = readWanted(text);
  return sentences.map((sentence, index) => {
    const similarity = Math.max(0, cosine(vector, vectors[index]));
    const held = words(index);
    if (held + similarity === 0) return 0;
    const fits = wanted.kind === 'any' ? undecided : Number(holdsWanted(wanted, sentence.text));
    const score = share.words * held + share.similarity * similarity + share.wanted * fits;
    return Math.max(0, Math.min(1, score - sentence.passage * rankCost));
  });
}

/** Share of the question's words, by rarity and by where they stand, that the sentence of an index holds. */
function scoreWords(text: string, prepared: PreparedEvidence): (index: number) => number {
  const terms = [...termsOf(text)].map((term) => ({ term, forms: formsOf(term), weight: prepared.weightOf(term) }));
  const whole = terms.reduce((sum, { weight }) => sum + weight, 0);
  return (index) => {
    const places = placesAround(index, prepared);
    const held = terms.reduce((sum, { term, forms, weight }) => sum + weight * standingOf(term, forms, places), 0);
    return whole === 0 ? 0 : held / whole;
  };
}

type Places = Record<Exclude<keyof typeof standing, 'otherForm'>, readonly (ReadonlySet<string> | undefined)[]>;

/** The words of a sentence and of what stands around it in its passage. */
function placesAround(index: number, { contexts, sentences }: PreparedEvidence): Places {
  const own = sentences[index];
  const neighbour = (at: number) => (sentences[at]?.passage === own?.passage ? sentences[at]?.terms : undefined);
  return {
    sentence: [own?.terms],
    heading: [own?.head, contexts[own?.passage ?? -1]],
    before: [neighbour(index - 1)],
    after: [neighbour(index + 1)],
  };
}

function standingOf(term: string, forms: readonly string[], places: Places): number {
  const isIn = (place: keyof Places, wanted = term) => places[place].some((terms) => terms?.has(wanted));
  if (isIn('sentence')) return standing.sentence;
  if (forms.some((form) => isIn('sentence', form))) return standing.otherForm;
  if (isIn('heading')) return standing.heading;
  if (isIn('before')) return standing.before;
  return isIn('after') ? standing.after : 0;
}

const steps = ['r', 'er', 'st', 'est'];

/** `late`, `later`, `latest`: the stemmer leaves comparatives apart. */
function formsOf(term: string): string[] {
  const base = steps.filter((step) => term.endsWith(step) && term.length - step.length >= 4);
  return [...steps.map((step) => term + step), ...base.map((step) => term.slice(0, -step.length))];
}
