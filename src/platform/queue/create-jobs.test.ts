import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { systemClock } from '../clock.ts';
import { createIds } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { createJobs } from './create-jobs.ts';
import type { Job } from './ports.ts';
import { createBench, fail, until } from './testing/create-bench.ts';

const ids = createIds(systemClock, systemRandom);
const theirs = ids.next();

let test: TestDatabase;
const bench = createBench(() => test);
const { organizationId: mine, jobs, newQueue, send, work, countOf } = bench;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterEach(bench.closeWorkers);
afterAll(() => test.close());

describe('sending', () => {
  it('adds the job if and only if the transaction commits', async () => {
    const name = newQueue();
    const undone = test.database.withTables().inOrganization(mine, async (transaction) => {
      await jobs.send(transaction, [{ queue: name, organizationId: mine, data: {} }]);
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    expect(await countOf(name)).toBe(0);
    await send([{ queue: name, data: { batch_id: 'b', count: 3 } }]);
    const seen: Job[] = [];
    await work({ name, handle: async (job) => void seen.push(job) });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({ organizationId: mine, data: { batch_id: 'b', count: 3 }, attempt: 1 });
    await until(async () => (await countOf(name)) === 0);
  });

  it('refuses a job of another organization, and all that were sent with it', async () => {
    const name = newQueue();
    const own = { queue: name, organizationId: mine, data: {} };
    const sending = test.database
      .withTables()
      .inOrganization(mine, (transaction) => jobs.send(transaction, [own, { ...own, organizationId: theirs }]));
    await expect(sending).rejects.toMatchObject({ code: 'JOB_REFUSED' });
    expect(await countOf(name)).toBe(0);
  });

  it('refuses a job without an organization, and gives the app login no other way into the queue', async () => {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: test.urls.app.reveal() });
    await client.connect();
    try {
      const job = JSON.stringify([{ queue: 'test.q', organization_id: mine, data: {} }]);
      await expect(client.query('select platform_send_jobs($1)', [job])).rejects.toThrow(/another organization/);
      await expect(client.query('select * from pgboss.job')).rejects.toThrow(/permission denied/);
    } finally {
      await client.end();
    }
  });

  it('refuses data over 8 KiB and a queue that nobody serves', async () => {
    await expect(send([{ queue: newQueue(), data: { long: ids.next().repeat(1_000) } }])).rejects.toMatchObject({
      code: 'JOB_REFUSED',
    });
    const strict = createJobs({ queues: ['test.known'] });
    const sending = test.database
      .withTables()
      .inOrganization(mine, (transaction) =>
        strict.send(transaction, [{ queue: 'test.unknown', organizationId: mine, data: {} }]),
      );
    await expect(sending).rejects.toMatchObject({ code: 'JOB_QUEUE_UNKNOWN' });
  });

  it('adds one job of a key while it waits, and another one once it was taken', async () => {
    const name = newQueue();
    await send([
      { queue: name, key: 'a' },
      { queue: name, key: 'a' },
      { queue: name, key: 'b' },
      { queue: name },
      { queue: name },
    ]);
    await send([{ queue: name, key: 'a' }]);
    expect(await countOf(name)).toBe(4);
    const release = Promise.withResolvers<void>();
    let done = 0;
    await work({
      name,
      concurrency: 10,
      handle: async () => {
        await release.promise;
        done += 1;
      },
    });
    await until(async () => (await countOf(name, 'active')) === 4);
    await send([{ queue: name, key: 'a' }]);
    release.resolve();
    await until(() => done === 5);
  });

  it('does not add a job whose key waits for another attempt', async () => {
    const name = newQueue();
    await send([{ queue: name, key: 'a' }]);
    await work({ name, handle: async () => fail('unavailable') }, { firstRetryMs: 60_000 });
    await until(async () => (await countOf(name, 'retry')) === 1);
    await send([{ queue: name, key: 'a' }]);
    expect(await countOf(name)).toBe(1);
  });

  it('starts a job that is sent within a fraction of the poll interval, and a later one later', async () => {
    const name = newQueue();
    const startedMs: number[] = [];
    await work({ name, handle: async () => void startedMs.push(performance.now()) }, { pollIntervalMs: 500 });
    await delay(100);
    const sentMs = performance.now();
    await send([{ queue: name }]);
    await until(() => startedMs.length === 1);
    expect((startedMs[0] ?? Number.NaN) - sentMs).toBeLessThan(300);
    await send([{ queue: name, startAfterSeconds: 1 }]);
    await delay(500);
    expect(startedMs).toHaveLength(1);
    await until(() => startedMs.length === 2);
  });
});
