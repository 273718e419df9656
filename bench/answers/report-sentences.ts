/** How often the sentences of an answer are the ones that people marked as the answer. */
import type { BenchContext } from '../harness.ts';
import type { AskedQuestion } from './answer-sets.ts';

/** `cited` are the sentences as they stand in the document, in the order of the answer. */
export type AnsweredQuestion = AskedQuestion & { isAnswered: boolean; cited: string[] };

export function reportSentences(answered: readonly AnsweredQuestion[], { result }: BenchContext): void {
  const marked = answered.filter(({ isAnswered, references }) => isAnswered && references.length > 0);
  for (const [set, rows] of Map.groupBy(marked, (row) => row.set)) {
    const right = rows.map(({ cited, references }) =>
      cited.map((text) => references.some((reference) => shares(plain(text), plain(reference)))),
    );
    const share = (name: string, good: number, all: number) => result(`${set}: ${name}`, 'share', good / all);
    share('the first sentence is marked', right.filter(([first]) => first).length, rows.length);
    share('a sentence is marked', right.flat().filter(Boolean).length, right.flat().length);
    share('some sentence of the answer is marked', right.filter((one) => one.some(Boolean)).length, rows.length);
    result(`${set}: sentences in an answer`, 'mean', right.flat().length / rows.length);
    const exact = rows.filter((row) => row.exact !== undefined);
    if (exact.length === 0) continue;
    const holds = (text: string | undefined, answer = '') => plain(text ?? '').includes(plain(answer));
    const first = exact.filter((row) => holds(row.cited[0], row.exact));
    const any = exact.filter((row) => row.cited.some((text) => holds(text, row.exact)));
    share('the first sentence holds the answer', first.length, exact.length);
    share('some sentence holds the answer', any.length, exact.length);
  }
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim().toLowerCase();
}

/** True when one holds the other, or they share a stretch of 40 characters. */
function shares(text: string, reference: string): boolean {
  if (text.includes(reference) || reference.includes(text)) return true;
  for (let at = 0; at + 40 <= reference.length; at += 10) if (text.includes(reference.slice(at, at + 40))) return true;
  return false;
}
