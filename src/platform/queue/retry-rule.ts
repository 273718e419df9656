/** Whether a job that failed is tried again, and when. Pure. */
import { AppError, type ErrorKind } from '../errors.ts';
import { translateError } from '../postgres/translate-error.ts';
import type { QueueConfig } from './config.ts';

/** What is kept with a job between its deliveries. */
export type JobHistory = {
  /** Deliveries that ended in a failure. */
  failures?: number;
  /** The code of the last failure, and how many times in a row it was that. */
  code?: string;
  inARow?: number;
  /** The last delivery whose end was written down; those after it were lost with their worker. */
  settled?: number;
};

export type Failure = { code: string; kind: ErrorKind; message: string };

/** `final`: trying again changes nothing; `attempts`: that was the last one; `poison`: the same failure again and again. */
export type DeathReason = 'final' | 'attempts' | 'poison' | 'lost';

export type Verdict =
  | { kind: 'retry'; delayMs: number; history: JobHistory }
  | { kind: 'dead'; reason: DeathReason; history: JobHistory };

/** What the world outside did, or a mistake of ours that may not happen the next time. */
const retried: readonly ErrorKind[] = ['conflict', 'unavailable', 'timeout', 'limit', 'storage-full', 'bug'];

/** An outage or a quota fails every job in the same way, which says nothing about any of them. */
const neverPoison: readonly ErrorKind[] = ['unavailable', 'limit', 'storage-full'];

export function toFailure(thrown: unknown): Failure {
  const error = translateError(thrown);
  if (error instanceof AppError) return { code: error.code, kind: error.kind, message: error.message };
  return { code: 'JOB_FAILED', kind: 'bug', message: error instanceof Error ? error.message : String(error) };
}

/** `chance` is in [0, 1): half of the wait is left to it, so that what failed together does not return together. */
export function judgeFailure(
  failure: Failure,
  {
    history,
    delivery,
    maxAttempts,
    config,
    chance,
  }: {
    history: JobHistory;
    delivery: number;
    maxAttempts: number;
    config: QueueConfig;
    chance: number;
  },
): Verdict {
  const failures = (history.failures ?? 0) + 1;
  const inARow = history.code === failure.code ? (history.inARow ?? 0) + 1 : 1;
  const next: JobHistory = { failures, code: failure.code, inARow, settled: delivery };
  const dead = (reason: DeathReason): Verdict => ({ kind: 'dead', reason, history: next });

  if (!retried.includes(failure.kind)) return dead('final');
  const most = failure.kind === 'conflict' ? Math.min(config.maxConflicts, maxAttempts) : maxAttempts;
  if (failures >= most) return dead('attempts');
  if (inARow >= config.maxSameFailure && !neverPoison.includes(failure.kind)) return dead('poison');

  const wholeMs = Math.min(config.longestRetryMs, config.firstRetryMs * 2 ** Math.min(failures - 1, 30));
  return { kind: 'retry', delayMs: Math.round(wholeMs / 2 + (wholeMs / 2) * chance), history: next };
}

/** How many deliveries before this one ended with the death of their worker, in a row. */
export function lostInARow(history: JobHistory, delivery: number): number {
  return delivery - 1 - (history.settled ?? 0);
}
