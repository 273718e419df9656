import type { FoundPassage } from '#modules/retrieval/index.ts';
import type { AnswerSentence, ChatReply, Source } from './contract.ts';
import type { HistoryMessage } from './conversations.ts';

/** What an answer is made from. */
export type AnswerInput = {
  /** As the person wrote it. */
  message: string;
  /** As it was searched: with the words of the conversation that it leans on. */
  question: string;
  /** Best first. */
  passages: readonly FoundPassage[];
  /** Retrieval's, in [0, 1]. */
  confidence: number;
  /** Earlier messages, oldest first. */
  history: readonly HistoryMessage[];
  maxTokens: number;
  temperature: number;
};

export type DraftEvent = { type: 'sources'; sources: Source[] } | { type: 'delta'; text: string };

/** An answer before it has an address and a time. The deltas that led to it, joined, are its `answer`. */
export type Draft = {
  answer: string;
  declined: boolean;
  sentences: AnswerSentence[];
  sources: Source[];
  tokensUsed: number;
  tokensEstimated: boolean;
  modelUsed: string;
  finishReason: ChatReply['metadata']['finish_reason'];
  /** In [0, 1]; larger is surer. */
  confidence: number;
};

/** Streams an answer's parts and returns the whole. */
export type Drafting = AsyncGenerator<DraftEvent, Draft>;

/** A served passage as the reader sees it. */
export function toSource(passage: FoundPassage, number: number): Source {
  return {
    number,
    document_id: passage.documentId,
    chunk_id: passage.chunkId,
    title: passage.title,
    heading_path: passage.headingPath,
    page: passage.page ?? null,
    excerpt: passage.text,
    relevance_score: Math.min(1, Math.max(0, passage.score)),
    url: `/documents/${passage.documentId}?start=${passage.start}&end=${passage.end}`,
    start: passage.start,
    end: passage.end,
  };
}

/** A passage as grounding wants it. */
export function toEvidence({ text, start, title, headingPath }: FoundPassage) {
  return { text, start, context: [title, ...headingPath].join('\n') };
}

const unknown = {
  empty:
    "I don't know: no passage of your documents has anything to do with this. Add a document that covers it, or ask in other words.",
  unsupported:
    "I don't know: the documents touch on this but nothing in them answers it. Ask in other words, or add a document that covers it.",
};

/** “I don't know”, said once for every way of answering. Sources are left out: nothing supports anything. */
export async function* declineAnswer(found: 'empty' | 'unsupported', modelUsed: string, confidence: number): Drafting {
  const answer = unknown[found];
  yield { type: 'sources', sources: [] };
  yield { type: 'delta', text: answer };
  return {
    answer,
    declined: true,
    sentences: [],
    sources: [],
    tokensUsed: 0,
    tokensEstimated: false,
    modelUsed,
    finishReason: 'stop',
    confidence,
  };
}
