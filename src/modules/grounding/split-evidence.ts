import { type Span, splitSentences } from '#platform/text/split-sentences.ts';
import type { Evidence } from './ports.ts';
import { termsOf } from './read-statement.ts';

/** One sentence of a passage with its words, ready to be compared many times. */
export type EvidenceSentence = Span & {
  passage: number;
  /** As it stands in the document. */
  text: string;
  terms: ReadonlySet<string>;
  /** Place among the sentences of its passage, from 0. */
  place: number;
};

/** Passages beyond this many sentences are cut there: more is a listing, not evidence. */
const mostSentences = 200;

/** The sentences of all passages, in order, with their offsets in the document. */
export function splitEvidence(evidence: readonly Evidence[]): EvidenceSentence[] {
  return evidence.flatMap(({ text, start }, passage) =>
    splitSentences(text)
      .slice(0, mostSentences)
      .map((span, place) => {
        const sentence = text.slice(span.start, span.end);
        return {
          passage,
          place,
          start: start + span.start,
          end: start + span.end,
          text: sentence,
          terms: termsOf(sentence),
        };
      }),
  );
}
