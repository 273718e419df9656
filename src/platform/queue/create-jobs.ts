import { AppError } from '../errors.ts';
import type { Jobs, NewJob } from './ports.ts';
import { insertJobs, type SentJob } from './store.ts';

/** What one statement carries; more are sent in several, in the same transaction. */
const jobsPerStatement = 500;

/**
 * `queues`: the names that workers serve; another one is a mistake and throws `JOB_QUEUE_UNKNOWN`. Default: not checked.
 * The database refuses a job of another organization with `JOB_REFUSED`.
 */
export function createJobs(options: { queues?: readonly string[] } = {}): Jobs {
  const known = options.queues === undefined ? undefined : new Set(options.queues);
  return {
    async send(transaction, jobs) {
      for (const { queue } of jobs) {
        if (known === undefined || known.has(queue)) continue;
        throw new AppError('JOB_QUEUE_UNKNOWN', 'bug', `No worker serves the queue ${queue}.`);
      }
      for (let start = 0; start < jobs.length; start += jobsPerStatement) {
        await insertJobs(transaction, jobs.slice(start, start + jobsPerStatement).map(toRow)).catch(refuse);
      }
    },
  };
}

function toRow({ queue, organizationId, data, key, priority = 0, startAfterSeconds = 0 }: NewJob): SentJob {
  return {
    queue,
    organization_id: organizationId,
    data,
    key: key ?? null,
    priority,
    start_after_seconds: startAfterSeconds,
  };
}

/** 42501: another organization's; P0001: too large or without a queue. Both are raised by `platform_send_jobs`. */
function refuse(error: unknown): never {
  if (error instanceof Error && 'code' in error && (error.code === '42501' || error.code === 'P0001')) {
    throw new AppError('JOB_REFUSED', 'bug', `The database refused the job: ${error.message}.`, { cause: error });
  }
  throw error;
}
