import type { AnswerSentence, Source } from '#modules/chat/contract.ts';

/** What of a source the answer's sentences rest on, with its place in the document; the whole source when none says. */
export function citedPart(source: Source, sentences: AnswerSentence[]): { start: number; end: number; text: string } {
  const citations = sentences.flatMap(({ citations: all }) => all.filter((one) => one.source === source.number));
  if (citations.length === 0) return { start: source.start, end: source.end, text: withoutHeadings(source.excerpt) };
  const start = Math.min(...citations.map((one) => one.start));
  const end = Math.max(...citations.map((one) => one.end));
  return { start, end, text: source.excerpt.slice(start - source.start, end - source.start) };
}

/** The source's place already names the headings; Markdown would say them again. */
function withoutHeadings(excerpt: string): string {
  return excerpt.replace(/^(?:#{1,6} .*\n+)+/, '');
}
