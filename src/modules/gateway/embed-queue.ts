import { AppError } from '#platform/errors.ts';
import type { GatewayConfig } from './config.ts';
import { abortedError } from './errors.ts';
import type { Embedder } from './ports.ts';

type Limits = Pick<GatewayConfig, 'maxEmbedBatch' | 'maxConcurrentEmbedBatches'>;

/** `embed` in batches of bounded size, of which a bounded number runs at once over all callers; others wait in line. */
export function createEmbedQueue(embedder: Embedder, { maxEmbedBatch, maxConcurrentEmbedBatches }: Limits) {
  let running = 0;
  const waiting: (() => void)[] = [];

  const enter = async (): Promise<void> => {
    if (running < maxConcurrentEmbedBatches) {
      running += 1;
      return;
    }
    // The place is handed over by `leave`, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return async (texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += maxEmbedBatch) {
      const batch = texts.slice(start, start + maxEmbedBatch);
      await enter();
      try {
        if (signal.aborted) throw abortedError(signal);
        vectors.push(...checked(await embedder.embed(batch, signal), batch.length, embedder));
      } catch (error) {
        throw signal.aborted ? abortedError(signal) : error;
      } finally {
        leave();
      }
    }
    return vectors;
  };
}

/** A provider that returns too few vectors or vectors of another space would spoil an index without a sound. */
function checked(vectors: Float32Array[], expected: number, { space }: Embedder): Float32Array[] {
  if (vectors.length === expected && vectors.every((vector) => vector.length === space.dimensions)) return vectors;
  const message = `The embedder ${space.provider}:${space.model} did not give one vector of ${space.dimensions} numbers a text.`;
  throw new AppError('MODEL_ANSWER_INVALID', 'unavailable', message);
}
