/** What the tests of the queue stand on: queues of their own, workers that are closed, and a look at the tables. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { createIds } from '../../ids.ts';
import type { Database } from '../../postgres/ports.ts';
import { systemRandom } from '../../random.ts';
import type { Secret } from '../../secret.ts';
import type { QueueConfig } from '../config.ts';
import { createJobs } from '../create-jobs.ts';
import type { JobQueue, NewJob } from '../ports.ts';
import { openWorkers, type TestWorkers } from './open-workers.ts';

/** The part of a test's database that is needed. */
type QueueDatabase = {
  database: Database;
  urls: { system: Secret };
  adminSql<Row extends Record<string, unknown>>(text: string, parameters?: unknown[]): Promise<Row[]>;
};

type SentJob = Omit<NewJob, 'organizationId' | 'data'> & Partial<NewJob>;
type TestQueue = Pick<JobQueue, 'name' | 'handle'> & Partial<JobQueue>;

const ids = createIds(systemClock, systemRandom);

export function createBench(getTest: () => QueueDatabase) {
  const organizationId = ids.next();
  const jobs = createJobs();
  let opened: TestWorkers[] = [];
  let queues = 0;
  return {
    organizationId,
    jobs,
    /** A queue that no other test uses. */
    newQueue(): string {
      queues += 1;
      return `test.q${'x'.repeat(queues)}`;
    },
    async send(sent: readonly SentJob[]): Promise<void> {
      await getTest()
        .database.withTables()
        .inOrganization(organizationId, (transaction) =>
          jobs.send(
            transaction,
            sent.map((job) => ({ organizationId, data: {}, ...job })),
          ),
        );
    },
    /** Workers with one job at a time and five attempts, unless told otherwise. */
    async work(queue: TestQueue, settings?: Partial<QueueConfig>): Promise<TestWorkers> {
      const whole = { concurrency: 1, maxAttempts: 5, ...queue };
      const workers = await openWorkers(getTest().urls.system, [whole], settings);
      opened.push(workers);
      return workers;
    },
    /** Jobs of the queue that are still there. */
    async countOf(queue: string, state?: string): Promise<number> {
      const [row] = await getTest().adminSql<{ count: string }>(
        'select count(*) from pgboss.job where name = $1 and ($2::text is null or state::text = $2)',
        [queue, state ?? null],
      );
      return Number(row?.count);
    },
    async closeWorkers(): Promise<void> {
      await Promise.all(opened.map((workers) => workers.close()));
      opened = [];
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('It did not come true in time.');
    await delay(10);
  }
}

export function fail(kind: 'unavailable' | 'invalid' | 'conflict' | 'bug'): never {
  throw new AppError(`TEST_${kind.toUpperCase()}`, kind, `It failed as ${kind}.`);
}
