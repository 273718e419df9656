/** One delivery of a job: run it, then write down how it ended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { QueueConfig } from './config.ts';
import type { Hand } from './hand.ts';
import type { Claimed } from './open-boss.ts';
import type { JobQueue } from './ports.ts';
import type { Outcome, QueueMetrics } from './queue-metrics.ts';
import { type DeathReason, type Failure, judgeFailure, lostInARow, toFailure } from './retry-rule.ts';
import { buryJob, type Execute, putBack, removeJob } from './store.ts';

export type DeliverOptions = {
  execute: Execute;
  hand: Hand;
  config: QueueConfig;
  clock: Clock;
  logger: Logger;
  metrics: QueueMetrics;
  /** In [0, 1). */
  chance(): number;
};

export type Deliver = (queue: JobQueue, claimed: Claimed, stopping: AbortSignal) => Promise<void>;

/** Never rejects: what cannot be written down is left to the heartbeat, whose end gives the job to another worker. */
export function createDeliver(options: DeliverOptions): Deliver {
  const { hand, clock, metrics, config, logger } = options;
  return async (queue, claimed, stopping) => {
    const { delivery } = claimed;
    const startedMs = clock.monotonicMs();
    const lost = new AbortController();
    const held = hand.hold(delivery, (reason) => lost.abort(reason));
    try {
      const end = await runToEnd({ queue, claimed, config, signals: { stopping, lost: lost.signal } });
      const outcome = lost.signal.aborted ? 'lost' : await writeDown(options, { queue, claimed, end });
      metrics.finished(queue.name, outcome, (clock.monotonicMs() - startedMs) / 1000);
    } catch (error) {
      logger.error('job.not_settled', { module: 'queue', queue: queue.name, job_id: delivery.id, error });
    } finally {
      held.release();
    }
  };
}

type End =
  | { kind: 'done' }
  | { kind: 'stopped' }
  | { kind: 'failed'; error: unknown; failure: Failure }
  | { kind: 'died' };

type Run = {
  queue: JobQueue;
  claimed: Claimed;
  config: QueueConfig;
  signals: { stopping: AbortSignal; lost: AbortSignal };
};

async function runToEnd({ queue, claimed, config, signals }: Run): Promise<End> {
  const { delivery, job } = claimed;
  const attempt = delivery.retryCount + 1;
  if (lostInARow(job.history ?? {}, attempt) >= (queue.maxLost ?? config.maxLost)) return { kind: 'died' };
  if (signals.stopping.aborted) return { kind: 'stopped' };

  const late = new AbortController();
  const timer = setTimeout(() => late.abort(timeout(config.jobTimeoutMs)), config.jobTimeoutMs);
  const signal = AbortSignal.any([signals.stopping, signals.lost, late.signal]);
  try {
    const work = queue.handle(
      { id: delivery.id, organizationId: job.organization_id, data: job.data, attempt },
      signal,
    );
    await endOrAbort(work, signal, config.handBackTimeoutMs);
    return { kind: 'done' };
  } catch (error) {
    // Whatever a job throws once it was told to stop is the stop, not a failure of its own.
    if (signals.stopping.aborted) return { kind: 'stopped' };
    return { kind: 'failed', error, failure: toFailure(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** The end of the work, or the signal's reason when the work goes on for `graceMs` after the abort. */
async function endOrAbort(work: Promise<void>, signal: AbortSignal, graceMs: number): Promise<void> {
  const settled = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const giveUp = () => {
      delay(graceMs, undefined, { signal: settled.signal, ref: false }).then(
        () => reject(signal.reason),
        () => undefined,
      );
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true, signal: settled.signal });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    settled.abort();
  }
}

function timeout(timeoutMs: number): AppError {
  return new AppError('JOB_TIMEOUT', 'timeout', `The job ran longer than ${timeoutMs} ms.`);
}

type Ending = { queue: JobQueue; claimed: Claimed; end: End };

async function writeDown(options: DeliverOptions, { queue, claimed, end }: Ending): Promise<Outcome> {
  const { execute, config } = options;
  const { delivery, job } = claimed;
  const attempt = delivery.retryCount + 1;
  if (end.kind === 'done') {
    return (await persist(() => removeJob(execute, delivery))) ? 'completed' : 'lost';
  }
  if (end.kind === 'stopped') {
    const back = { ...job, history: { ...job.history, settled: attempt } };
    return (await persist(() => putBack(execute, delivery, { job: back, delayMs: 0 }))) ? 'handed-back' : 'lost';
  }
  if (end.kind === 'died') return await bury(options, { queue, claimed, failure: died, reason: 'lost' });

  const { failure, error } = end;
  const verdict = judgeFailure(failure, {
    history: job.history ?? {},
    delivery: attempt,
    maxAttempts: queue.maxAttempts,
    config,
    chance: options.chance(),
  });
  const facts = { module: 'queue', queue: queue.name, job_id: delivery.id, attempt, code: failure.code, error };
  if (verdict.kind === 'dead') {
    options.logger.error('job.died', { ...facts, reason: verdict.reason });
    return await bury(options, { queue, claimed, failure, reason: verdict.reason });
  }
  options.logger.warn('job.failed', { ...facts, retry_in_ms: verdict.delayMs });
  const again = { ...job, history: verdict.history };
  const isOurs = await persist(() => putBack(execute, delivery, { job: again, delayMs: verdict.delayMs }));
  if (isOurs) options.metrics.retried(failure.code);
  return isOurs ? 'retried' : 'lost';
}

const died: Failure = {
  code: 'JOB_WORKER_DIED',
  kind: 'bug',
  message: 'Each worker that had this job in hand died before it was done.',
};

async function bury(
  { execute, config }: DeliverOptions,
  { claimed, failure, reason }: { queue: JobQueue; claimed: Claimed; failure: Failure; reason: DeathReason },
): Promise<Outcome> {
  const { delivery } = claimed;
  const death = { ...failure, reason, deliveries: delivery.retryCount + 1 };
  const isOurs = await persist(() => buryJob(execute, delivery, { death, keepDays: config.deadLetterDays }));
  return isOurs ? 'dead' : 'lost';
}

/** Together shorter than the silence after which the job is another worker's. */
const pausesMs = [100, 400, 1_000, 2_000];

/** The database may restart just now. A statement that was done although it seemed to fail is told as lost: harmless. */
async function persist(write: () => Promise<boolean>): Promise<boolean> {
  for (const pauseMs of pausesMs) {
    try {
      return await write();
    } catch (error) {
      if (isAppError(error)) throw error;
      await delay(pauseMs);
    }
  }
  return await write();
}
