import type { Transaction } from '../postgres/ports.ts';

/** Work that must happen after this transaction commits, once in effect. Holds ids, never content. */
export type NewJob = {
  /** One of the queues declared in `app/jobs.ts`. */
  queue: string;
  organizationId: string;
  /** Ids and small numbers only. */
  data: Readonly<Record<string, string | number>>;
  /** While a job with this key waits in the queue, another one is not added. Default: no key. */
  key?: string;
  /** Larger goes first. Default 0. */
  priority?: number;
  /** Default 0. */
  startAfterSeconds?: number;
};

/** One delivery of a job. The same job may be delivered again; `attempt` tells them apart. */
export type Job = {
  id: string;
  organizationId: string;
  data: Readonly<Record<string, string | number>>;
  /** 1 at the first delivery. */
  attempt: number;
};

/** A queue and what a worker does with its jobs. */
export type JobQueue = {
  name: string;
  /** Jobs of this queue that one worker process has in hand at the same time. */
  concurrency: number;
  /** Deliveries before the job becomes a dead letter. A `conflict` is tried at most 3 times whatever stands here. */
  maxAttempts: number;
  /** Workers that may be lost over one job in a row before it becomes a dead letter. Default: `worker.maxLost`. */
  maxLost?: number;
  /**
   * Resolves when the job is done. The signal is aborted when the process stops or the job was given to another worker:
   * then hand the rest back by throwing the signal's reason.
   */
  handle(job: Job, signal: AbortSignal): Promise<void>;
};

/** Puts jobs into queues; what the modules hold. */
export type Jobs = {
  /** The job exists if and only if the transaction, which is the app login's for `organizationId`, commits. */
  send<Tables>(transaction: Transaction<Tables>, jobs: readonly NewJob[]): Promise<void>;
};
