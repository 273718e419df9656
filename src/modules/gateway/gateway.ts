import { AppError } from '#platform/errors.ts';
import { waitFor } from '#platform/wait-for.ts';
import { type Wrapper, wrap } from '#platform/wrap.ts';
import type { GatewayConfig } from './config.ts';
import { type CountedPart, countUsage } from './count-usage.ts';
import { createEmbedQueue } from './embed-queue.ts';
import type { ChatModel, ChatRequest, Embedder, EmbeddingSpace } from './ports.ts';
import { retryBeforeFirstPart } from './wrappers/retry-before-first-part.ts';
import { withDeadline } from './wrappers/with-deadline.ts';

/** One door to every model. */
export type Gateway = {
  /** `provider:model`; undefined when no language model is configured. */
  readonly chatModelId: string | undefined;
  /**
   * Streams parts and ends with exactly one `finish`, whose usage is the provider's or, marked `estimated`, our count.
   * Throws MODEL_NOT_CONFIGURED without a model, else the codes of `gatewayErrors`; a cut stream always throws.
   */
  generate(request: ChatRequest, signal: AbortSignal): AsyncIterable<CountedPart>;
  /** What the vectors of `embed` mean; vectors of two spaces are never compared. */
  readonly embeddingSpace: EmbeddingSpace;
  /** One vector a text, in order; any number of texts, sent in bounded batches. Throws AppError only. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Tokens by the embedder's tokenizer: exact for embeddings, an estimate for language models. */
  countTokens(text: string): number;
};

export type GatewayDependencies = {
  /** The opened model of the first provider that is configured, or undefined. */
  chatModel: ChatModel | undefined;
  embedder: Embedder;
  config: GatewayConfig;
  /** Number in [0, 1) for the spread of retries. Default: Math.random. */
  random?: () => number;
  /** How retries wait. Default: a timer. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
};

export function createGateway({ chatModel, embedder, config, random, wait }: GatewayDependencies): Gateway {
  const countTokens = (text: string) => embedder.countTokens(text);
  /** The policy of a model call; the first is the outermost. */
  const wrappers: Wrapper<ChatModel>[] = [
    withDeadline(config.totalTimeoutMs),
    retryBeforeFirstPart({
      maxAttempts: config.maxAttempts,
      random: random ?? Math.random,
      wait: wait ?? waitFor,
    }),
  ];
  const model = chatModel === undefined ? undefined : wrap(chatModel, wrappers);
  const embed = createEmbedQueue(embedder, config);

  return {
    chatModelId: model?.id,
    embeddingSpace: embedder.space,
    generate(request, signal) {
      if (model === undefined) throw notConfiguredError();
      return countUsage(model.generate(request, signal), request, countTokens);
    },
    embed,
    countTokens,
  };
}

function notConfiguredError(): AppError {
  const message = 'No language model is set up. Set OPENAI_API_KEY or OPENAI_BASE_URL and restart.';
  return new AppError('MODEL_NOT_CONFIGURED', 'unavailable', message);
}
