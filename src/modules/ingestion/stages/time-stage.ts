/** How long documents are in each stage, told to whoever measures it. */
import type { Clock } from '#platform/clock.ts';

/** `fetch`: the bytes from where they were pushed to, or from their source. */
export type Stage = 'fetch' | 'parse' | 'analyze' | 'chunk' | 'embed' | 'store';

/** `documents` went through together, in this time. What failed is not told. */
export type OnStage = (stage: Stage, passed: { documents: number; seconds: number }) => void;

export async function timeStage<Result>(
  { clock, onStage }: { clock: Clock; onStage: OnStage },
  { stage, documents = 1 }: { stage: Stage; documents?: number },
  work: () => Promise<Result> | Result,
): Promise<Result> {
  const startedMs = clock.monotonicMs();
  const result = await work();
  onStage(stage, { documents, seconds: (clock.monotonicMs() - startedMs) / 1000 });
  return result;
}
