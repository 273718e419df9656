import { splitSentences } from '#platform/text/split-sentences.ts';

type Packable = { documentId: string; start: number; end: number; text: string };

/** A passage shorter than this is not worth its number, in tokens. */
const fewestTokens = 100;

/**
 * The passages that fit into the token budget, best first; what an earlier one of the same document already holds is
 * dropped, and the last is cut at a sentence when at least 100 tokens remain for it. Pure.
 */
export function packPassages<Passage extends Packable>(
  passages: readonly Passage[],
  budgetTokens: number,
  countTokens: (text: string) => number,
): Passage[] {
  const packed: Passage[] = [];
  let leftTokens = budgetTokens;
  for (const passage of passages) {
    if (packed.some((earlier) => holds(earlier, passage))) continue;
    const tokens = countTokens(passage.text);
    if (tokens <= leftTokens) {
      packed.push(passage);
      leftTokens -= tokens;
      continue;
    }
    const cut =
      leftTokens >= fewestTokens || packed.length === 0 ? cutAtSentence(passage, leftTokens, countTokens) : undefined;
    if (cut !== undefined) packed.push(cut);
    break;
  }
  return packed;
}

function holds(earlier: Packable, passage: Packable): boolean {
  if (earlier.text === passage.text) return true;
  return earlier.documentId === passage.documentId && earlier.start <= passage.start && passage.end <= earlier.end;
}

function cutAtSentence<Passage extends Packable>(
  passage: Passage,
  budgetTokens: number,
  countTokens: (text: string) => number,
): Passage | undefined {
  let end = 0;
  let usedTokens = 0;
  for (const sentence of splitSentences(passage.text)) {
    usedTokens += countTokens(passage.text.slice(end, sentence.end));
    if (usedTokens > budgetTokens) break;
    end = sentence.end;
  }
  return end === 0 ? undefined : { ...passage, text: passage.text.slice(0, end), end: passage.start + end };
}
