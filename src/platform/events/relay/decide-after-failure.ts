import { isAppError } from '../../errors.ts';

const firstWaitMs = 50;
const longestWaitMs = 10_000;

/** Kinds that say nothing about the event: it waits until they are over, and those after it wait too. */
const isOutage = (error: unknown): boolean =>
  isAppError(error) && ['unavailable', 'timeout', 'storage-full', 'limit'].includes(error.kind);

/**
 * What follows from a subscriber's failure. `failures` counts those of this event that were no outage, this one
 * included; `inRow` counts all of them.
 */
export function decideAfterFailure(
  error: unknown,
  { failures, inRow, maxAttempts }: { failures: number; inRow: number; maxAttempts: number },
): { action: 'retry'; waitMs: number; isOutage: boolean } | { action: 'bury' } {
  const outage = isOutage(error);
  if (!outage && failures >= maxAttempts) return { action: 'bury' };
  return {
    action: 'retry',
    waitMs: Math.min(firstWaitMs * 2 ** Math.min(inRow - 1, 16), longestWaitMs),
    isOutage: outage,
  };
}
