import { type Span, splitSentences } from '#platform/text/split-sentences.ts';

export type MarkedSentence = Span & {
  /** As it stands in the answer, marks included. */
  text: string;
  /** Without marks: what has to be supported. */
  claim: string;
  /** Numbers of its marks that name a served passage, each once, in order. */
  marks: number[];
};

const mark = /\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]/g;
const onlyMarks = /^(?:\s*\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\])+[\s.!?]*$/;

/** Sentences of an answer with their marks; a mark that stands behind the full stop belongs to the sentence before. */
export function splitAnswer(answer: string, passages: number): MarkedSentence[] {
  const spans: Span[] = [];
  for (const span of splitSentences(answer)) {
    const lead = leadingMarks(answer.slice(span.start, span.end));
    const previous = spans.at(-1);
    if (previous !== undefined && lead > 0) previous.end = span.start + lead;
    const start = previous === undefined ? span.start : skipSpace(answer, span.start + lead, span.end);
    if (start < span.end) spans.push({ start, end: span.end });
  }
  return spans.map(({ start, end }) => {
    const text = answer.slice(start, end);
    const numbers = [...text.matchAll(mark)].flatMap(([, list = '']) => numbersOf(list));
    const marks = [...new Set(numbers)].filter((number) => number >= 1 && number <= passages);
    return {
      start,
      end,
      text,
      marks,
      claim: text
        .replace(mark, '')
        .replace(/\s+([.,;:!?])/g, '$1')
        .trim(),
    };
  });
}

/** Length of the marks that a piece begins with. */
function leadingMarks(text: string): number {
  if (onlyMarks.test(text)) return text.trimEnd().length;
  return /^(?:\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]\s*)+/.exec(text)?.[0].trimEnd().length ?? 0;
}

function skipSpace(text: string, from: number, limit: number): number {
  let at = from;
  while (at < limit && /\s/.test(text.charAt(at))) at += 1;
  return at;
}

function numbersOf(list: string): number[] {
  return list.split(/[,;]/).map(Number);
}
