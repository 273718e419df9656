import { splitSentences } from '#platform/text/split-sentences.ts';
import type { Span } from './ports.ts';

export type Readable = Span & { documentId: string; text: string; tokens: number };

/**
 * What a prompt would hold of the ranked chunks: best first, no text twice, and the last one cut at a sentence where the
 * budget ends.
 */
export function readWithinBudget<Chunk extends Readable>(
  ranked: readonly Chunk[],
  budgetTokens: number,
  countTokens: (text: string) => number,
): Chunk[] {
  const read: Chunk[] = [];
  let leftTokens = budgetTokens;
  for (const chunk of ranked) {
    if (read.some((earlier) => holds(earlier, chunk))) continue;
    if (chunk.tokens <= leftTokens) {
      read.push(chunk);
      leftTokens -= chunk.tokens;
      continue;
    }
    const text = cutAtSentence(chunk.text, leftTokens, countTokens);
    if (text !== '') read.push({ ...chunk, end: chunk.start + text.length, text, tokens: countTokens(text) });
    break;
  }
  return read;
}

function holds(earlier: Readable, chunk: Readable): boolean {
  return earlier.documentId === chunk.documentId && earlier.start <= chunk.start && chunk.end <= earlier.end;
}

function cutAtSentence(text: string, budgetTokens: number, countTokens: (text: string) => number): string {
  let end = 0;
  let usedTokens = 0;
  for (const sentence of splitSentences(text)) {
    usedTokens += countTokens(text.slice(end, sentence.end));
    if (usedTokens > budgetTokens) break;
    end = sentence.end;
  }
  return text.slice(0, end);
}
