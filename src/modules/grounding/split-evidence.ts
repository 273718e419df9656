import { nextTurn } from '#platform/pace.ts';
import { type Span, splitSentences } from '#platform/text/split-sentences.ts';
import type { Evidence } from './ports.ts';
import { termsOf } from './read-statement.ts';

/** One sentence of a passage with its words, ready to be compared many times. */
export type EvidenceSentence = Span & {
  passage: number;
  /** As it stands in the document. */
  text: string;
  terms: ReadonlySet<string>;
  /** Words of the table's head when this is a row of a table. */
  head: ReadonlySet<string>;
};

/** Passages beyond this many sentences are cut there: more is a listing, not evidence. */
const mostSentences = 200;

const tableRow = /^\|/;
const tableRule = /^\|?\s*:?-{2,}[\s:|-]*$/;
const none: ReadonlySet<string> = new Set();

/** The sentences of all passages, in order, with their offsets in the document. */
export async function splitEvidence(evidence: readonly Evidence[]): Promise<EvidenceSentence[]> {
  const sentences: EvidenceSentence[] = [];
  for (const [passage, one] of evidence.entries()) {
    sentences.push(...splitPassage(one, passage));
    // A passage is small; fifty of them are not, and others wait for the processor.
    await nextTurn();
  }
  return sentences;
}

function splitPassage({ text, start }: Evidence, passage: number): EvidenceSentence[] {
  let above = none;
  let head = none;
  return splitSentences(text)
    .slice(0, mostSentences)
    .map((span) => {
      const sentence = text.slice(span.start, span.end);
      const terms = termsOf(sentence);
      if (tableRule.test(sentence)) head = above;
      else if (!tableRow.test(sentence)) head = none;
      above = terms;
      return { passage, start: start + span.start, end: start + span.end, text: sentence, terms, head };
    });
}
