import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import type { Job } from './ports.ts';
import { createBench, until } from './testing/create-bench.ts';

let test: TestDatabase;
const bench = createBench(() => test);
const { newQueue, send, work, countOf } = bench;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterEach(bench.closeWorkers);
afterAll(() => test.close());

describe('working', () => {
  it('takes jobs by priority, then in the order of sending, and not more at once than the queue allows', async () => {
    const name = newQueue();
    await send([{ queue: name, priority: 1, data: { n: 1 } }]);
    await send([{ queue: name, priority: 5, data: { n: 2 } }]);
    await send([{ queue: name, priority: 1, data: { n: 3 } }]);
    const order: unknown[] = [];
    let atOnce = 0;
    await work({
      name,
      handle: async (job) => {
        atOnce += 1;
        expect(atOnce).toBe(1);
        order.push(job.data.n);
        await delay(20);
        atOnce -= 1;
      },
    });
    await until(() => order.length === 3);
    expect(order).toEqual([2, 1, 3]);
  });

  it('does each of 5,000 jobs once in effect with two workers', async () => {
    const name = newQueue();
    const count = 5_000;
    const seen = new Map<unknown, number>();
    const byWorker = [0, 0];
    await send(Array.from({ length: count }, (_value, n) => ({ queue: name, data: { n } })));
    for (const worker of [0, 1]) {
      await work({
        name,
        concurrency: 10,
        handle: async (job) => {
          seen.set(job.data.n, (seen.get(job.data.n) ?? 0) + 1);
          byWorker[worker] = (byWorker[worker] ?? 0) + 1;
        },
      });
    }
    await until(async () => (await countOf(name)) === 0, 50_000);
    expect(seen.size).toBe(count);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    expect(Math.min(...byWorker)).toBeGreaterThan(100);
  });

  it('gives another worker the job of one that was killed within 20 seconds, under another attempt', async () => {
    const name = newQueue();
    const child = await startChild(test.urls.system.reveal(), name);
    await send([{ queue: name }]);
    const id = await child.nextLine();
    child.kill();
    const killedMs = performance.now();
    const seen: Job[] = [];
    await work({ name, handle: async (job) => void seen.push(job) });
    await until(() => seen.length === 1, 25_000);
    const tookMs = performance.now() - killedMs;
    expect(seen[0]).toMatchObject({ id, attempt: 2 });
    expect(tookMs).toBeLessThan(20_000);
  });

  it('keeps a job that takes longer than the silence after which it would be lost', async () => {
    const name = newQueue();
    let deliveries = 0;
    await send([{ queue: name }]);
    await test.adminSql('update pgboss.job set heartbeat_seconds = 1 where name = $1', [name]);
    const slow = {
      name,
      handle: async () => {
        deliveries += 1;
        await delay(4_000);
      },
    };
    await work(slow, { superviseIntervalSeconds: 1, heartbeatIntervalMs: 250 });
    await work(slow, { superviseIntervalSeconds: 1, heartbeatIntervalMs: 250 });
    await until(async () => (await countOf(name)) === 0, 20_000);
    expect(deliveries).toBe(1);
  });

  it('tells a worker whose job was given to another one, and lets it write nothing', async () => {
    const name = newQueue();
    await send([{ queue: name }]);
    const reasons: unknown[] = [];
    const first = await work(
      {
        name,
        handle: (_job, signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason);
              resolve();
            }),
          ),
      },
      { heartbeatIntervalMs: 250 },
    );
    await until(async () => (await countOf(name, 'active')) === 1);
    first.stopFetching();
    await test.adminSql("update pgboss.job set state = 'retry' where name = $1", [name]);
    await until(() => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'JOB_LOST' });
    await delay(100);
    expect(await countOf(name, 'retry')).toBe(1);
  });

  it('goes on after all its connections were cut, and does what was in hand', async () => {
    const name = newQueue();
    const seen: number[] = [];
    await work(
      {
        name,
        concurrency: 4,
        handle: async (job) => {
          await delay(50);
          seen.push(Number(job.data.n));
        },
      },
      { pollIntervalMs: 200 },
    );
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'nexus-worker'`;
    for (let round = 0; round < 5; round += 1) {
      await send(Array.from({ length: 10 }, (_value, n) => ({ queue: name, data: { n: round * 10 + n } })));
      await test.adminSql(cut);
    }
    await until(async () => (await countOf(name)) === 0, 40_000);
    expect(new Set(seen).size).toBe(50);
  });

  it('counts what waits, for the metric', async () => {
    const name = newQueue();
    await send([{ queue: name }, { queue: name }, { queue: name, startAfterSeconds: 600 }]);
    const release = Promise.withResolvers<void>();
    const workers = await work({ name, handle: () => release.promise }, { superviseIntervalSeconds: 1 });
    await until(async () => (await workers.metrics.render()).includes(`nexus_queue_depth{queue="${name}"} 1`), 15_000);
    expect(await workers.metrics.render()).toContain(`nexus_queue_jobs{queue="${name}",state="deferred"} 1`);
    release.resolve();
  });
});

describe('stopping', () => {
  it('waits for the jobs in hand and takes no other', async () => {
    const name = newQueue();
    await send([{ queue: name }, { queue: name }]);
    let done = 0;
    const workers = await work({
      name,
      handle: async () => {
        await delay(300);
        done += 1;
      },
    });
    await until(async () => (await countOf(name, 'active')) === 1);
    await workers.close();
    expect(done).toBe(1);
    expect(await countOf(name, 'created')).toBe(1);
  });

  it.each([
    ['heeds the signal', true],
    ['does not heed the signal', false],
  ])('gives a job that %s back at once, and counts no failure', async (_what, heeds) => {
    const name = newQueue();
    await send([{ queue: name }]);
    const first = await work(
      {
        name,
        maxAttempts: 1,
        handle: (_job, signal) =>
          new Promise((_resolve, reject) => {
            if (heeds) signal.addEventListener('abort', () => reject(signal.reason));
          }),
      },
      { drainTimeoutMs: 100, handBackTimeoutMs: 300 },
    );
    await until(async () => (await countOf(name, 'active')) === 1);
    const seen: Job[] = [];
    await work({ name, maxAttempts: 1, handle: async (job) => void seen.push(job) }, { pollIntervalMs: 60_000 });
    const startedMs = performance.now();
    await first.close();
    await until(() => seen.length === 1, 2_000);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(seen[0]).toMatchObject({ attempt: 2 });
  });

  it('takes less than a second without jobs', async () => {
    const workers = await work({ name: newQueue(), handle: async () => undefined });
    const startedMs = performance.now();
    await workers.close();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

async function startChild(url: string, queue: string) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'testing/worker-child.ts'), url, queue], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  expect(await nextLine()).toBe('ready');
  return {
    nextLine,
    kill() {
      child.kill('SIGKILL');
    },
    ended: once(child, 'exit'),
  };
}
