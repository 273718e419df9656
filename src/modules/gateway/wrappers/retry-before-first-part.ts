import { isAppError } from '#platform/errors.ts';
import type { Wrapper } from '#platform/wrap.ts';
import { abortedError } from '../errors.ts';
import type { ChatModel, ChatRequest } from '../ports.ts';

export type RetryOptions = {
  /** Attempts of one call, the first included. */
  maxAttempts: number;
  /** Number in [0, 1) that spreads the waits of many callers. */
  random(): number;
  /** Waits; rejects when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
};

const firstWaitMs = 250;
/** A provider that asks for a longer pause is believed, and the caller told at once. */
const longestWaitMs = 5_000;
/** Retries per call that are earned over time, and the most that can be saved up: a storm cannot double the load. */
const earnedPerCall = 0.2;
const mostSaved = 10;

const retryable = ['MODEL_UNAVAILABLE', 'MODEL_RATE_LIMITED', 'MODEL_TIMEOUT', 'MODEL_STREAM_CUT'];

/** Tries again what failed before its first part, so that no word is ever sent twice. */
export function retryBeforeFirstPart(options: RetryOptions): Wrapper<ChatModel> {
  let savedRetries = mostSaved;
  const open = async (model: ChatModel, request: ChatRequest, signal: AbortSignal) => {
    savedRetries = Math.min(mostSaved, savedRetries + earnedPerCall);
    for (let attempt = 1; ; attempt += 1) {
      const parts = model.generate(request, signal)[Symbol.asyncIterator]();
      try {
        return { first: await parts.next(), parts };
      } catch (error) {
        const waitMs = waitBeforeRetry(error, attempt, options);
        if (waitMs === undefined || savedRetries < 1 || signal.aborted) throw error;
        savedRetries -= 1;
        await pause(waitMs, signal, options);
      }
    }
  };
  return (next) => ({
    id: next.id,
    async *generate(request, signal) {
      const { first, parts } = await open(next, request, signal);
      if (first.done) return;
      try {
        yield first.value;
        yield* { [Symbol.asyncIterator]: () => parts };
      } finally {
        await parts.return?.();
      }
    },
  });
}

/** Milliseconds until the next attempt, or undefined when there should be none. */
function waitBeforeRetry(error: unknown, attempt: number, { maxAttempts, random }: RetryOptions): number | undefined {
  if (attempt >= maxAttempts || !isAppError(error, ...retryable)) return undefined;
  const asked = error.details.retryAfterSeconds;
  const backoffMs = firstWaitMs * 2 ** (attempt - 1) * (0.5 + random());
  const waitMs = typeof asked === 'number' ? Math.max(asked * 1000, backoffMs) : backoffMs;
  return waitMs > longestWaitMs ? undefined : waitMs;
}

async function pause(waitMs: number, signal: AbortSignal, { wait }: RetryOptions): Promise<void> {
  try {
    await wait(waitMs, signal);
  } catch (error) {
    if (signal.aborted) throw abortedError(signal);
    throw error;
  }
}
