/** A follow-up such as “and in 2023?” is searched with the content words of the question before it. Pure. */
import { createTextAnalyzer } from '#platform/search/analyze-text.ts';

const analyze = createTextAnalyzer();

const pointsBack =
  /\b(?:it|its|itself|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|one|ones|same|former|latter|such|above|earlier|previous|instead|too|else)\b/i;
const continues =
  /^(?:and|but|or|so|also|then|what about|how about|why|why not|how come|really|more|tell me more|explain|go on|continue|in|for|with|without)\b/i;
/** A question with fewer content words than this says too little alone when the conversation has begun. */
const fewestWords = 2;
/** Words taken over from the question before, so that a long one does not drown the new one. */
const mostWordsTaken = 12;

/** True when the message says too little alone: it points back, continues, or holds hardly a word of its own. */
export function leansOnConversation(message: string): boolean {
  const own = analyze(message).length;
  if (own < fewestWords) return true;
  if (continues.test(message.trim()) && own < 5) return true;
  return pointsBack.test(message) && own < 8;
}

/** What to search for: the message alone, or with the words of the latest earlier question that it leans on. */
export function rewriteFollowUp(message: string, earlierQuestions: readonly string[]): string {
  if (earlierQuestions.length === 0 || !leansOnConversation(message)) return message;
  const own = new Set(analyze(message));
  const earlier = earlierQuestions.findLast((question) => analyze(question).length >= fewestWords);
  if (earlier === undefined) return message;
  const taken = (earlier.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu) ?? [])
    .map((word) => word.replace(/[.'’-]+$/, ''))
    .filter((word) => {
      const terms = analyze(word);
      return terms.length > 0 && terms.some((term) => !own.has(term));
    })
    .slice(0, mostWordsTaken);
  return taken.length === 0 ? message : `${message} ${[...new Set(taken)].join(' ')}`;
}
