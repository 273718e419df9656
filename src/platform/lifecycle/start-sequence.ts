import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { withDeadline } from './with-deadline.ts';

/** One step of the start; they run one after another. */
export type StartStep = { name: string; run: () => Promise<void> };

/** Something outside that must answer before the start goes on. `check` throws while it does not. */
export type NeededPart = { name: string; check: () => Promise<void> };

/**
 * Runs the steps in order within one deadline (default 30 seconds). A step's own error passes through; a late one
 * becomes AppError `START_INCOMPLETE` naming the step. `onStep` hears the duration of each, for the log.
 */
export async function runStartSequence(
  steps: StartStep[],
  options: { timeoutMs?: number; clock?: Clock; onStep?: (name: string, tookMs: number) => void } = {},
): Promise<void> {
  const { timeoutMs = 30_000, clock = systemClock, onStep } = options;
  const startedMs = clock.monotonicMs();
  for (const step of steps) {
    const stepStartedMs = clock.monotonicMs();
    const remainingMs = Math.max(1, timeoutMs - (stepStartedMs - startedMs));
    await withDeadline(step.run(), remainingMs, () => incomplete([step.name], timeoutMs));
    onStep?.(step.name, clock.monotonicMs() - stepStartedMs);
  }
}

/**
 * Asks all parts again and again, together, until each answered once or the deadline (default 30 seconds) passed; then
 * throws AppError `START_INCOMPLETE` naming everything that is missing.
 */
export async function awaitParts(
  parts: NeededPart[],
  options: { timeoutMs?: number; retryMs?: number; clock?: Clock } = {},
): Promise<void> {
  const { timeoutMs = 30_000, retryMs = 250, clock = systemClock } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const answers = await Promise.all(parts.map((part) => awaitPart(part, { deadlineMs, retryMs, clock })));
  const missing = answers.filter((answer) => answer !== undefined);
  if (missing.length === 0) return;
  const names = missing.map((part) => part.name);
  throw incomplete(names, timeoutMs, new AggregateError(missing.map((part) => part.error)));
}

async function awaitPart(
  part: NeededPart,
  { deadlineMs, retryMs, clock }: { deadlineMs: number; retryMs: number; clock: Clock },
): Promise<{ name: string; error: unknown } | undefined> {
  for (;;) {
    const remainingMs = Math.max(1, deadlineMs - clock.monotonicMs());
    try {
      await withDeadline(part.check(), remainingMs, () => new Error(`${part.name} did not answer.`));
      return undefined;
    } catch (error) {
      if (clock.monotonicMs() + retryMs >= deadlineMs) return { name: part.name, error };
      await delay(retryMs);
    }
  }
}

function incomplete(names: string[], timeoutMs: number, cause?: unknown): AppError {
  const reasons = cause instanceof AggregateError ? cause.errors.map(messageOf).filter(Boolean) : [];
  const why = reasons.length > 0 ? ` (${reasons.join(' ')})` : '';
  return new AppError(
    'START_INCOMPLETE',
    'unavailable',
    `Not ready within ${timeoutMs / 1000} seconds: ${names.join(', ')}${why}.`,
    { details: { missing: names }, cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
