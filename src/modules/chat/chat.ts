import type { Gateway } from '#modules/gateway/index.ts';
import type { Grounding } from '#modules/grounding/index.ts';
import type { Retrieval } from '#modules/retrieval/index.ts';
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import { AppError, assert } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import { answerFromPassages } from './answer-from-passages.ts';
import { answerWithModel, answerWithoutDocuments } from './answer-with-model.ts';
import type { ChatConfig } from './config.ts';
import type { ChatReply, Source } from './contract.ts';
import { type Conversations, createConversations, createTurns } from './conversations.ts';
import type { Draft, DraftEvent, Drafting } from './draft.ts';
import { rewriteFollowUp } from './rewrite-follow-up.ts';
import type { ChatTables } from './store.ts';

/** One message of a person. */
export type ChatQuestion = {
  message: string;
  /** Default: a new conversation. */
  conversationId: string | undefined;
  /** Default: every collection. */
  collectionId: string | undefined;
  /** False asks the model without documents. */
  enableRag: boolean;
  maxTokens: number;
  temperature: number;
  /** Index position that the answer must have seen. */
  atLeast: string | undefined;
};

/** In this order: `start`, `sources`, any number of `delta`, `done`. The deltas, joined, are the answer. */
export type ChatEvent =
  | { type: 'start'; conversationId: string; messageId: string }
  | { type: 'sources'; sources: Source[] }
  | { type: 'delta'; text: string }
  | { type: 'done'; reply: ChatReply };

/** Conversations with cited answers. */
export type Chat = {
  /**
   * Streams the answer. It is stored before `done` is given; one that breaks off, by error, abort or a reader that
   * leaves, is stored as cut with its reason. Throws CONVERSATION_NOT_FOUND, CHAT_MODEL_NEEDED, CHAT_ANSWER_EMPTY and
   * what retrieval and gateway throw.
   */
  answer(organizationId: string, question: ChatQuestion, signal: AbortSignal): AsyncIterable<ChatEvent>;
  /** The same, as one reply. */
  ask(organizationId: string, question: ChatQuestion, signal: AbortSignal): Promise<ChatReply>;
} & Conversations;

export type ChatDependencies = {
  db: TableDatabase<ChatTables>;
  gateway: Gateway;
  retrieval: Pick<Retrieval, 'search'>;
  grounding: Grounding;
  cursors: Cursors;
  clock: Clock;
  ids: Ids;
  config: ChatConfig;
};

export function createChat(dependencies: ChatDependencies): Chat {
  const { gateway, grounding, retrieval, clock, config } = dependencies;
  const turns = createTurns(dependencies);

  const draft = (input: Parameters<typeof answerWithModel>[0], enableRag: boolean, signal: AbortSignal): Drafting => {
    if (!enableRag) return answerWithoutDocuments(input, { gateway }, signal);
    if (gateway.chatModelId !== undefined) return answerWithModel(input, { gateway, grounding, config }, signal);
    return answerFromPassages(input, { grounding, mostSentences: config.extractiveSentences }, signal);
  };

  async function* answer(organizationId: string, asked: ChatQuestion, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const startedMs = clock.monotonicMs();
    if (!asked.enableRag && gateway.chatModelId === undefined) throw modelNeededError();
    const history = await turns.readHistory(organizationId, asked.conversationId, gateway.countTokens);
    const question = rewriteFollowUp(asked.message, history.questions);
    const found = asked.enableRag ? await search(retrieval, organizationId, asked, question, config, signal) : nothing;
    const turn = await turns.beginTurn(organizationId, asked.conversationId, asked.message);
    let shown = '';
    let stored = false;
    let failure: unknown;
    try {
      yield { type: 'start', conversationId: turn.conversationId, messageId: turn.answerId };
      const { message, maxTokens, temperature, enableRag } = asked;
      const { passages, confidence } = found;
      const input = { message, question, passages, confidence, history: history.messages, maxTokens, temperature };
      const drafted = yield* relay(draft(input, enableRag, signal), (text) => {
        shown += text;
      });
      const responseTimeMs = Math.round((clock.monotonicMs() - startedMs) * 10) / 10;
      const reply = toReply(drafted, { ...turn, responseTimeMs, strategy: found.strategy });
      await turns.finishTurn(organizationId, turn, reply);
      stored = true;
      yield { type: 'done', reply };
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (!stored) await turns.cutTurn(organizationId, turn, { shown, failure });
    }
  }

  return {
    answer,
    async ask(organizationId, asked, signal) {
      let reply: ChatReply | undefined;
      for await (const event of answer(organizationId, asked, signal)) if (event.type === 'done') reply = event.reply;
      assert(reply !== undefined, 'An answer that did not throw ends with its reply.');
      return reply;
    },
    ...createConversations(dependencies),
  };
}

/** Passes the draft's events on and hears its text. A reader that leaves early ends the draft, and with it the model's stream. */
async function* relay(drafting: Drafting, hear: (text: string) => void): AsyncGenerator<DraftEvent, Draft> {
  try {
    let next = await drafting.next();
    for (; next.done !== true; next = await drafting.next()) {
      if (next.value.type === 'delta') hear(next.value.text);
      yield next.value;
    }
    return next.value;
  } finally {
    await drafting.return(undefined as never);
  }
}

const nothing = { passages: [], confidence: 0, strategy: 'none' };

async function search(
  retrieval: Pick<Retrieval, 'search'>,
  organizationId: string,
  { collectionId, atLeast }: ChatQuestion,
  query: string,
  { passages: limit }: ChatConfig,
  signal: AbortSignal,
) {
  const request = {
    query,
    limit,
    ...(collectionId === undefined ? {} : { collectionId }),
    ...(atLeast === undefined ? {} : { atLeast }),
  };
  const { passages, confidence, missingLegs } = await retrieval.search(organizationId, request, signal);
  return { passages, confidence, strategy: strategyWithout(missingLegs) };
}

/** Which legs of the search answered. */
function strategyWithout(missingLegs: readonly string[]): string {
  if (missingLegs.includes('vector')) return 'lexical';
  return missingLegs.includes('keyword') ? 'vector' : 'hybrid';
}

function modelNeededError(): AppError {
  const message =
    'An answer without documents needs a language model. Set OPENAI_API_KEY or OPENAI_BASE_URL, or leave enable_rag on.';
  return new AppError('CHAT_MODEL_NEEDED', 'unavailable', message);
}

function toReply(
  draft: Draft,
  turn: { conversationId: string; answerId: string; responseTimeMs: number; strategy: string },
): ChatReply {
  return {
    conversation_id: turn.conversationId,
    message_id: turn.answerId,
    answer: draft.answer,
    declined: draft.declined,
    sentences: draft.sentences,
    sources: draft.sources,
    metadata: {
      tokens_used: draft.tokensUsed,
      tokens_estimated: draft.tokensEstimated,
      response_time_ms: turn.responseTimeMs,
      model_used: draft.modelUsed,
      finish_reason: draft.finishReason,
      cached: false,
      strategy: turn.strategy,
      confidence: Math.min(1, Math.max(0, draft.confidence)),
    },
  };
}
