import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { systemClock } from '../clock.ts';
import { createIds } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createBench, fail, until } from './testing/create-bench.ts';

const theirs = createIds(systemClock, systemRandom).next();

let test: TestDatabase;
const bench = createBench(() => test);
const { organizationId: mine, newQueue, send, work, countOf } = bench;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterEach(bench.closeWorkers);
afterAll(() => test.close());

describe('failing', () => {
  it('tries again what may get better, and the attempt grows', async () => {
    const name = newQueue();
    await send([{ queue: name }]);
    const attempts: number[] = [];
    const workers = await work({
      name,
      handle: async (job) => {
        attempts.push(job.attempt);
        if (attempts.length < 4) fail('unavailable');
      },
    });
    await until(async () => (await countOf(name)) === 0);
    expect(attempts).toEqual([1, 2, 3, 4]);
    const text = await workers.metrics.render();
    expect(text).toContain(`nexus_jobs_total{queue="${name}",status="retried"} 3`);
    expect(text).toContain(`nexus_jobs_total{queue="${name}",status="completed"} 1`);
    expect(text).toContain('nexus_retries_total{service="queue",reason="TEST_UNAVAILABLE"} 3');
  });

  it('keeps a dead job with its reason and payload, requeues it with a larger attempt, one or all', async () => {
    const name = newQueue();
    const letters = createDeadLetters(test.database);
    await send([
      { queue: name, data: { n: 1 } },
      { queue: name, data: { n: 2 } },
      { queue: name, data: { n: 3 } },
    ]);
    let heals = false;
    const attempts: number[] = [];
    await work({
      name,
      handle: async (job) => {
        attempts.push(job.attempt);
        if (!heals) fail('invalid');
      },
    });
    await until(async () => (await countOf(name, 'failed')) === 3);
    const listed = await letters.list({ queue: name });
    expect(listed).toHaveLength(3);
    expect(listed[0]).toMatchObject({
      queue: name,
      organizationId: mine,
      code: 'TEST_INVALID',
      message: 'It failed as invalid.',
      reason: 'final',
      deliveries: 1,
    });
    expect(listed.map((letter) => letter.data.n).sort()).toEqual([1, 2, 3]);
    expect(await letters.list({ queue: name, organizationId: theirs })).toEqual([]);

    heals = true;
    const [first] = listed;
    await letters.requeue(first?.id ?? '');
    await until(async () => (await countOf(name)) === 2);
    expect(await letters.requeueAll({ queue: name })).toBe(2);
    await until(async () => (await countOf(name)) === 0);
    expect(attempts.slice(3)).toEqual([2, 2, 2]);
    await expect(letters.requeue(first?.id ?? '')).rejects.toMatchObject({ code: 'DEAD_JOB_NOT_FOUND' });
    await expect(letters.requeue('no id')).rejects.toMatchObject({ code: 'DEAD_JOB_NOT_FOUND' });
  });

  it.each([
    ['a conflict three times', 'conflict', 3, 'attempts'],
    ['a bug three times, as poison', 'bug', 3, 'poison'],
    ['an outage as often as the queue allows', 'unavailable', 5, 'attempts'],
  ] as const)('tries %s', async (_what, kind, deliveries, reason) => {
    const name = newQueue();
    await send([{ queue: name }]);
    await work({ name, handle: async () => fail(kind) });
    await until(async () => (await countOf(name, 'failed')) === 1);
    const [letter] = await createDeadLetters(test.database).list({ queue: name });
    expect(letter).toMatchObject({ deliveries, reason });
  });

  it('buries a job that was lost with its worker again and again', async () => {
    const name = newQueue();
    await send([{ queue: name }]);
    await test.adminSql('update pgboss.job set started_on = now(), retry_count = 5 where name = $1', [name]);
    let wasRun = false;
    await work({
      name,
      handle: async () => {
        wasRun = true;
      },
    });
    await until(async () => (await countOf(name, 'failed')) === 1);
    expect(wasRun).toBe(false);
    const [letter] = await createDeadLetters(test.database).list({ queue: name });
    expect(letter).toMatchObject({ code: 'JOB_WORKER_DIED', reason: 'lost' });
  });

  it('gives a lost job to a queue that bears more losses than others', async () => {
    const name = newQueue();
    await send([{ queue: name }]);
    await test.adminSql('update pgboss.job set started_on = now(), retry_count = 5 where name = $1', [name]);
    await work({ name, maxLost: 7, handle: async () => undefined });
    await until(async () => (await countOf(name)) === 0);
  });

  it('ends a job that runs too long, whether or not it heeds the signal', async () => {
    const name = newQueue();
    await send([{ queue: name }]);
    await work(
      { name, maxAttempts: 1, handle: () => new Promise(() => undefined) },
      {
        jobTimeoutMs: 100,
        handBackTimeoutMs: 100,
      },
    );
    await until(async () => (await countOf(name, 'failed')) === 1);
    const [letter] = await createDeadLetters(test.database).list({ queue: name });
    expect(letter).toMatchObject({ code: 'JOB_TIMEOUT' });
  });
});
