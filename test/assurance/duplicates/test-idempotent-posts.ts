/**
 * Requests with an Idempotency-Key, each sent one to five times, out of order, at once and across kills of the server.
 * Every kind of request used here makes a new task each time it is carried out, so that the tasks count the effects.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus } from '../../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome } from '../../../scripts/assurance-program.ts';

const sizes = { ci: { keys: 400, kills: 6 }, full: { keys: 8_000, kills: 80 } };
const mostDeliveries = 5;
const atOnce = 16;
const settleDeadlineMs = 120_000;

type Reply = { status: number; text: string; code: string };

/** One key: what is sent under it, and every answer that came. */
type Case = { key: string; target: string; body: string; answers: Reply[] };

const isDone = ({ answers }: Case): boolean =>
  answers.some(({ status, code }) => status < 300 || code === 'IDEMPOTENCY_OUTCOME_UNKNOWN');

export async function testIdempotentPosts({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-posts-'));
  const { keys, kills } = full ? sizes.full : sizes.ci;
  const trial = await openTrial(home, seed);
  try {
    const cases = Array.from({ length: keys }, (_, index) => trial.makeCase(index));
    const perKill = Math.ceil(keys / kills);
    for (let start = 0; start < keys; start += perKill) {
      await trial.deliver(cases.slice(start, start + perKill));
      log(
        `${Math.min(start + perKill, keys)}/${keys} keys, ${trial.figures.deliveries} deliveries, ${trial.figures.kills} kills`,
      );
    }
    await trial.settle(cases);
    const effects = await trial.countTasks();
    const differing = cases.filter(({ answers }) => new Set(bodiesOf(answers)).size > 1).length;
    const reused = await trial.countNotRefused(cases.slice(0, 200));
    // The planted fault: one request that is carried out twice. It must show in the same count.
    await trial.plantTwin();
    const withTwin = await trial.countTasks();
    const plantedFound = withTwin - effects - 1;
    const unsettled = cases.filter((one) => !isDone(one)).length;
    const { deliveries, repeated, unknown } = trial.figures;
    return {
      n: deliveries,
      figures: {
        keys,
        kills: trial.figures.kills,
        effects,
        effects_too_many: Math.max(0, effects - keys),
        effects_missing: Math.max(0, keys - effects),
        replies_that_differ: differing,
        keys_without_an_end: unsettled,
        other_body_not_refused: reused,
        replies_repeated: repeated,
        outcome_unknown_after_a_kill: unknown,
        planted_faults_found: plantedFound,
      },
      pass: effects === keys && differing + unsettled + reused === 0 && repeated > 0 && plantedFound === 1,
    };
  } finally {
    await trial.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const bodiesOf = (answers: readonly Reply[]): string[] =>
  answers.filter(({ status }) => status < 300).map(({ status, text }) => `${status} ${text}`);

async function openTrial(home: string, seed: number) {
  const random = createSeededRandom(seed);
  const figures = { deliveries: 0, kills: 0, repeated: 0, unknown: 0 };
  let server: NexusProcess = await startNexus(home);

  async function post(target: string, body: string, key?: string): Promise<Reply | undefined> {
    try {
      const reply = await fetch(`${server.url}${target}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${server.token}`,
          'content-type': body.startsWith('{') ? 'application/json' : 'application/octet-stream',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        body,
      });
      const text = await reply.text();
      if (reply.headers.get('idempotency-replayed') === 'true') figures.repeated += 1;
      const code = reply.status < 300 ? '' : String((JSON.parse(text) as { code?: string }).code);
      return { status: reply.status, text, code };
    } catch {
      // Cut by the kill.
      return undefined;
    }
  }

  async function sendOnce(one: Case): Promise<void> {
    figures.deliveries += 1;
    const reply = await post(one.target, one.body, one.key);
    if (reply === undefined) return;
    if (reply.code === 'IDEMPOTENCY_OUTCOME_UNKNOWN') figures.unknown += 1;
    one.answers.push(reply);
  }

  async function kill(): Promise<void> {
    const gone = new Promise((resolve) => server.child.once('exit', resolve));
    server.child.kill('SIGKILL');
    figures.kills += 1;
    await gone;
  }

  return {
    figures,
    makeCase(index: number): Case {
      const isUpload = random.integer(2) === 0;
      const target = isUpload ? `/api/v1/documents?filename=${index}.md&wait=false` : '/api/v1/tasks';
      return { key: randomUUID(), target, body: isUpload ? `# Document ${index}\n\nIts text.\n` : '{}', answers: [] };
    },
    /** Sends each one to five times in random order, and kills the server somewhere in between. */
    async deliver(cases: readonly Case[]): Promise<void> {
      const deliveries = random.shuffle(
        cases.flatMap((one) => Array.from({ length: 1 + random.integer(mostDeliveries) }, () => one)),
      );
      const killAt = random.integer(deliveries.length);
      for (let start = 0; start < deliveries.length; start += atOnce) {
        const sending = deliveries.slice(start, start + atOnce).map(sendOnce);
        const isKilled = killAt >= start && killAt < start + atOnce;
        if (isKilled) {
          await sleep(random.integer(15));
          await kill();
        }
        await Promise.all(sending);
        if (isKilled) server = await startNexus(home);
      }
    },
    /** What had no end yet is sent again, as a client would, until it has one. */
    async settle(cases: readonly Case[]): Promise<void> {
      for (const endsMs = performance.now() + settleDeadlineMs; performance.now() < endsMs; await sleep(500)) {
        const open = cases.filter((one) => !isDone(one));
        if (open.length === 0) return;
        for (const one of open) await sendOnce(one);
      }
    },
    async countTasks(): Promise<number> {
      let count = 0;
      for (let cursor: string | null = ''; cursor !== null; ) {
        const reply = await server.call('GET', `/api/v1/tasks?limit=200${cursor && `&cursor=${cursor}`}`);
        const page = JSON.parse(reply.text) as { items: unknown[]; next_cursor: string | null };
        count += page.items.length;
        cursor = page.next_cursor;
      }
      return count;
    },
    /** How many keys are taken for another request than theirs. */
    async countNotRefused(cases: readonly Case[]): Promise<number> {
      let notRefused = 0;
      for (const { key, target, body } of cases) {
        const other = body === '{}' ? '{ }' : `${body}More.\n`;
        const reply = await post(target, other, key);
        if (reply?.status !== 422) notRefused += 1;
      }
      return notRefused;
    },
    async plantTwin(): Promise<void> {
      await post('/api/v1/tasks', '{}');
      await post('/api/v1/tasks', '{}');
    },
    close: () => server.stop(),
  };
}
