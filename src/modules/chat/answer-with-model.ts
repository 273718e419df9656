/** An answer by the language model: streamed through the output filter, then split, cited and checked for support. */
import type { CountedPart, Gateway } from '#modules/gateway/index.ts';
import type { Grounding, Support } from '#modules/grounding/index.ts';
import { AppError } from '#platform/errors.ts';
import type { ChatConfig } from './config.ts';
import type { AnswerSentence, Source } from './contract.ts';
import { type AnswerInput, type Draft, type Drafting, declineAnswer, toEvidence, toSource } from './draft.ts';
import { createOutputFilter } from './filter-output.ts';
import { packPassages } from './pack-passages.ts';
import { buildOpenPrompt, buildPrompt, isDeclined } from './prompts/answer-question.ts';
import { splitAnswer } from './sentences/split-answer.ts';

export type ModelDependencies = { gateway: Gateway; grounding: Grounding; config: ChatConfig };

type Finish = Extract<CountedPart, { type: 'finish' }>;

const lengthNotice = '\n\n(The answer reached its length limit and stops here.)';

/** With documents: from the passages only, or “I don't know”. */
export async function* answerWithModel(
  input: AnswerInput,
  { gateway, grounding, config }: ModelDependencies,
  signal: AbortSignal,
): Drafting {
  const modelUsed = gateway.chatModelId ?? '';
  const passages = packPassages(input.passages, config.contextTokens, gateway.countTokens);
  if (passages.length === 0) return yield* declineAnswer('empty', modelUsed, 0);
  const evidence = passages.map(toEvidence);
  const judged = await grounding.answerability(input.question, evidence, input.confidence, signal);
  if (judged.score < config.hopelessScore) return yield* declineAnswer('unsupported', modelUsed, judged.score);

  const sources = passages.map((passage, index) => toSource(passage, index + 1));
  yield { type: 'sources', sources };
  const messages = buildPrompt({ question: input.message, passages, history: input.history });
  const served = passages.map(({ text }) => text);
  const { shown, finish } = yield* streamAnswer(messages, served, input, gateway, signal);
  const declined = isDeclined(shown);
  const sentences = declined ? [] : await checkAnswer(shown, sources, evidence, grounding, signal);
  const answer = yield* withNotice(shown, finish);
  return {
    ...finishedDraft(answer, finish, modelUsed),
    declined,
    sentences,
    sources: declined ? [] : sources,
    confidence: declined ? judged.score : supportedShare(sentences) * judged.score,
  };
}

/** Without documents: nothing to cite, so nothing counts as supported. */
export async function* answerWithoutDocuments(
  input: AnswerInput,
  { gateway }: Pick<ModelDependencies, 'gateway'>,
  signal: AbortSignal,
): Drafting {
  yield { type: 'sources', sources: [] };
  const messages = buildOpenPrompt(input.message, input.history);
  const { shown, finish } = yield* streamAnswer(messages, [], input, gateway, signal);
  const sentences = splitAnswer(shown, 0).map(({ text, start, end }) => ({
    text,
    start,
    end,
    citations: [],
    supported: false,
  }));
  const answer = yield* withNotice(shown, finish);
  return { ...finishedDraft(answer, finish, gateway.chatModelId ?? ''), sentences };
}

async function* streamAnswer(
  messages: Parameters<Gateway['generate']>[0]['messages'],
  served: readonly string[],
  { maxTokens, temperature }: AnswerInput,
  gateway: Gateway,
  signal: AbortSignal,
): AsyncGenerator<{ type: 'delta'; text: string }, { shown: string; finish: Finish }> {
  const filter = createOutputFilter(served);
  let shown = '';
  let finish: Finish | undefined;
  for await (const part of gateway.generate({ messages, maxTokens, temperature }, signal)) {
    if (part.type === 'finish') finish = part;
    const text = part.type === 'finish' ? filter.end() : filter.push(part.text);
    shown += text;
    if (text !== '') yield { type: 'delta', text };
  }
  if (finish === undefined || shown.trim() === '') throw emptyAnswerError(finish);
  return { shown, finish };
}

function emptyAnswerError(finish: Finish | undefined): AppError {
  const message =
    finish?.reason === 'content-filter'
      ? 'The model provider withheld the answer. Ask in other words.'
      : 'The language model gave an empty answer. Ask again.';
  return new AppError('CHAT_ANSWER_EMPTY', 'unavailable', message, { details: { reason: finish?.reason ?? 'none' } });
}

async function* withNotice(shown: string, finish: Finish): AsyncGenerator<{ type: 'delta'; text: string }, string> {
  if (finish.reason !== 'length') return shown;
  yield { type: 'delta', text: lengthNotice };
  return `${shown}${lengthNotice}`;
}

function finishedDraft(answer: string, { reason, usage }: Finish, modelUsed: string): Draft {
  return {
    answer,
    declined: false,
    sentences: [],
    sources: [],
    tokensUsed: usage.inputTokens + usage.outputTokens,
    tokensEstimated: usage.estimated,
    modelUsed,
    finishReason: reason,
    confidence: 0,
  };
}

async function checkAnswer(
  answer: string,
  sources: readonly Source[],
  evidence: Parameters<Grounding['supportOf']>[1],
  grounding: Grounding,
  signal: AbortSignal,
): Promise<AnswerSentence[]> {
  const marked = splitAnswer(answer, sources.length);
  const supports = await grounding.supportOf(
    marked.map(({ claim }) => claim),
    evidence,
    signal,
  );
  return marked.map(({ text, start, end, marks }, index) => {
    const support = supports[index];
    const citations = support === undefined ? [] : citeSources(marks, support, sources);
    return { text, start, end, citations, supported: support?.supported ?? false };
  });
}

/**
 * Each mark with the place in its passage that comes nearest, the whole passage where nothing does; and the place that
 * supports the sentence, when no mark names it. Pure.
 */
export function citeSources(
  marks: readonly number[],
  support: Support,
  sources: readonly Source[],
): AnswerSentence['citations'] {
  const cited = marks.flatMap((source) => {
    const place = support.places.find(({ passage }) => passage === source - 1) ?? sources[source - 1];
    return place === undefined ? [] : [{ source, start: place.start, end: place.end }];
  });
  const { best, supported } = support;
  if (!supported || best === undefined || marks.includes(best.passage + 1)) return cited;
  return [...cited, { source: best.passage + 1, start: best.start, end: best.end }];
}

function supportedShare(sentences: readonly AnswerSentence[]): number {
  if (sentences.length === 0) return 0;
  return sentences.filter(({ supported }) => supported).length / sentences.length;
}
