/** What the gateway needs from foreigners: language models and embedders. Adapters translate; they never retry, cache or count. */

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

export type ChatRequest = {
  messages: ChatMessage[];
  /** Most tokens to generate. */
  maxTokens: number;
  /** Between 0 (most likely words) and 1. */
  temperature: number;
};

export type TokenUsage = { inputTokens: number; outputTokens: number };

export type ChatPart =
  | { type: 'text'; text: string }
  | { type: 'finish'; reason: 'stop' | 'length' | 'content-filter' | 'other'; usage: TokenUsage };

/** One language model behind any provider. */
export type ChatModel = {
  /** `provider:model`, e.g. `openai:gpt-4o-mini`. Stable: used in prices, routes and traces. */
  readonly id: string;
  /** Streams parts in order and ends with exactly one `finish` part. A cut stream throws; it never looks finished. Throws AppError only. */
  generate(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
};

/** What a vector means. Vectors of two spaces are never compared. */
export type EmbeddingSpace = {
  /** e.g. `static`, `hashing`, `openai`. */
  provider: string;
  model: string;
  /** The model file's SHA-256 prefix or the provider's version; changes when the numbers would. */
  revision: string;
  dimensions: number;
  /** True when every vector has length 1, so that the dot product is the cosine. */
  normalised: boolean;
};

/** Turns text into vectors. */
export type Embedder = {
  readonly space: EmbeddingSpace;
  /** One vector a text, in order. A text without a known word gives a zero vector. Throws AppError only. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Number of tokens by this embedder's own tokenizer; what chunk sizes are measured in. */
  countTokens(text: string): number;
};
