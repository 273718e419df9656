import type { ErrorCatalogue } from '../errors.ts';

export const queueErrors = {
  JOB_QUEUE_UNKNOWN: 'A job was sent to a queue that no worker serves. This is a bug: declare it in `src/app/jobs.ts`.',
  JOB_REFUSED: 'A job was refused: it belongs to another organization than its transaction, or is too large. A bug.',
  JOB_STOPPED: 'The worker stops, so the job was given back; another worker does it. Nothing to do.',
  JOB_LOST: 'A worker was silent for too long and its job was given to another one. It undoes its own part.',
  JOB_TIMEOUT: 'A job ran longer than `worker.jobTimeoutMs`. It is tried again; raise the limit if it needs it.',
  JOB_WORKER_DIED:
    'The worker died each time it had this job in hand. See the log for what happened then, and requeue the job.',
  JOB_FAILED: 'A job failed with an error that says nothing of itself. This is a bug; the log has the error.',
  DEAD_JOB_NOT_FOUND: 'No dead job has this id. It was requeued already, or its time was over.',
  QUEUE_SCHEMA_MISMATCH:
    'The tables of the queue are of another version than the program. Run `./nexus migrate` with this release.',
} as const satisfies ErrorCatalogue;
