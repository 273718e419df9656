/** What grounding is given to judge by. */

/** A stretch of a document. `text` is the document's own, from `start`. */
export type Evidence = {
  text: string;
  /** Offset of `text` in the document, UTF-16 code units. */
  start: number;
  /** Document title and headings: counted as context, never as the place that supports. */
  context: string;
};

/** One or two neighbouring sentences of one passage. */
export type EvidenceSpan = {
  /** Index into the evidence that was given. */
  passage: number;
  /** Offsets in the document, UTF-16 code units, `end` exclusive. */
  start: number;
  end: number;
};

/** How well passages support one statement. */
export type Support = {
  /** True when the score is over the measured threshold and numbers and negation agree. */
  supported: boolean;
  /** Similarity in [0, 1], larger is better; not a probability. */
  score: number;
  /** Where the best support stands; undefined when no passage shares a word with the statement. */
  best: EvidenceSpan | undefined;
  /** The best place of each passage that shares a word with the statement, best passage first. */
  places: (EvidenceSpan & { score: number })[];
};

/** A sentence of the passages as a candidate answer. */
export type AnswerCandidate = EvidenceSpan & {
  /** Similarity to the question in [0, 1], larger is better. */
  score: number;
  /** The same to each part of a question that asks several things, in their order; empty when it asks one. */
  parts: readonly number[];
};

/** Whether passages can answer a question. */
export type Answerability = {
  answerable: boolean;
  /** How much speaks for an answer, in [0, 1]; `answerable` from 0.5 on. Weights are fitted by `bench/answers.ts`. */
  score: number;
  /** Every sentence of the passages that shares something with the question, best first. */
  candidates: AnswerCandidate[];
};
