/** An answer without a language model: the sentences of the documents that answer best, word for word, each cited. */
import type { Grounding } from '#modules/grounding/index.ts';
import type { AnswerSentence } from './contract.ts';
import { type AnswerInput, type Drafting, declineAnswer, toEvidence, toSource } from './draft.ts';
import { type ChosenSentence, chooseSentences } from './sentences/choose-sentences.ts';

export const extractiveModel = 'extractive';

export async function* answerFromPassages(
  { question, passages, confidence }: AnswerInput,
  { grounding, mostSentences }: { grounding: Grounding; mostSentences: number },
  signal: AbortSignal,
): Drafting {
  if (passages.length === 0) return yield* declineAnswer('empty', extractiveModel, 0);
  const judged = await grounding.answerability(question, passages.map(toEvidence), confidence, signal);
  const chosen = judged.answerable ? chooseSentences(question, judged.candidates, passages, mostSentences) : [];
  if (chosen.length === 0) return yield* declineAnswer('unsupported', extractiveModel, judged.score);

  const cited = [...new Set(chosen.map(({ passage }) => passage))];
  const sources = cited.flatMap((passage, index) => {
    const found = passages[passage];
    return found === undefined ? [] : [toSource(found, index + 1)];
  });
  yield { type: 'sources', sources };
  const { deltas, sentences } = composeAnswer(chosen, cited);
  for (const text of deltas) yield { type: 'delta', text };
  return {
    answer: deltas.join(''),
    declined: false,
    sentences,
    sources,
    tokensUsed: 0,
    tokensEstimated: false,
    modelUsed: extractiveModel,
    finishReason: 'stop',
    confidence: judged.score,
  };
}

const finished = /[.!?。！？…]["”’)\]]*$/;

/** Sentence, mark, sentence, mark; what does not end like a sentence gets a line of its own. Pure. */
export function composeAnswer(
  chosen: readonly ChosenSentence[],
  cited: readonly number[],
): { deltas: string[]; sentences: AnswerSentence[] } {
  const deltas: string[] = [];
  const sentences: AnswerSentence[] = [];
  let length = 0;
  for (const [index, { passage, text, start, end }] of chosen.entries()) {
    const before = chosen[index - 1];
    const separator = before === undefined || finished.test(before.text) ? ' ' : '\n';
    const lead = index === 0 ? '' : separator;
    const source = cited.indexOf(passage) + 1;
    const from = length + lead.length;
    sentences.push({
      text,
      start: from,
      end: from + text.length,
      citations: [{ source, start, end }],
      supported: true,
    });
    const delta = `${lead}${text} [${source}]`;
    deltas.push(delta);
    length += delta.length;
  }
  return { deltas, sentences };
}
