import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { Step } from '../stages/prepare-document.ts';
import { openTestIngestion, type TestIngestion } from '../testing/open-test-ingestion.ts';
import { presentTask } from './present-task.ts';

let testDatabase: TestDatabase;
let place: TestIngestion;
let sourceId: string;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  place = await openTestIngestion(testDatabase.database, { config: { progressIntervalMs: 50 } });
  sourceId = await place.addSource();
});
afterEach(() => place.close());

async function tell(documents: Record<string, string>, { isSealed = true, removed = [] as string[] } = {}) {
  const { organizationId, intake } = place;
  for (const [name, text] of Object.entries(documents)) place.files.set(name, text);
  const { taskId } = await intake.openTask(organizationId, { sourceId, kind: 'sync' });
  await intake.accept(organizationId, {
    sourceId,
    taskId,
    documents: Object.keys(documents).map((externalId) => ({ externalId, filename: externalId, sizeBytes: 10 })),
    removed,
  });
  if (isSealed) await intake.sealTask(organizationId, taskId);
  return taskId;
}

const read = async (taskId: string) => presentTask(await place.ingestion.tasks.read(place.organizationId, taskId));

const sumOf = ({ counts }: Awaited<ReturnType<typeof read>>) =>
  Object.values(counts).reduce((sum, one) => sum + one, 0);

describe('the numbers of tasks', () => {
  const names = ['a.md', 'b.md', 'c.md', 'bad.pdf'];
  const act = fc.oneof(
    fc.record({
      kind: fc.constant('tell' as const),
      names: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
      text: fc.constantFrom('One.', 'Two.', 'Three.'),
    }),
    fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constant('work' as const), jobs: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('stop' as const) }),
    fc.record({ kind: fc.constant('retry' as const) }),
    fc.record({ kind: fc.constant('cancel' as const) }),
    fc.record({ kind: fc.constant('wait' as const), name: fc.constantFrom('a.md', 'b.md') }),
  );

  test('add up to all that was accepted, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
        const run = await openTestIngestion(testDatabase.database);
        const outer = [place, sourceId] as const;
        [place, sourceId] = [run, await run.addSource()];
        try {
          const accepted = new Map<string, number>();
          for (const one of acts) await perform(one, accepted);
          for (const [taskId, count] of accepted) expect(sumOf(await read(taskId))).toBe(count);
          await run.work();
          for (const [taskId, count] of accepted) {
            const task = await read(taskId);
            expect(sumOf(task)).toBe(count);
            expect([task.counts.pending, task.counts.processing]).toEqual([0, 0]);
            expect(task.state).not.toBe('running');
          }
        } finally {
          await run.close();
          [place, sourceId] = outer;
        }
      }),
      { numRuns: 25 },
    );
  });

  type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

  async function perform(one: Act, accepted: Map<string, number>): Promise<void> {
    const { organizationId, ingestion } = place;
    const last = [...accepted.keys()].at(-1);
    switch (one.kind) {
      case 'tell':
        accepted.set(await tell(Object.fromEntries(one.names.map((name) => [name, one.text]))), one.names.length);
        break;
      case 'remove':
        place.files.delete(one.name);
        accepted.set(await tell({}, { removed: [one.name] }), 1);
        break;
      case 'work':
        await place.work({}, one.jobs);
        break;
      case 'stop': {
        const abort = new AbortController();
        const onStep = (step: Step) => {
          if (step === 'embedded') abort.abort(new Error('stopping'));
        };
        const job = place.sent[0];
        if (job !== undefined)
          await place
            .workerOf({ onStep })(job, abort.signal)
            ?.catch(() => undefined);
        break;
      }
      case 'retry':
        if (last !== undefined) await ingestion.tasks.retry(organizationId, last);
        break;
      case 'cancel':
        if (last !== undefined) await ingestion.tasks.cancel(organizationId, last);
        break;
      case 'wait':
        await ingestion.ingest(
          organizationId,
          { filename: one.name, externalId: one.name, bytes: Buffer.from('Waited for.') },
          new AbortController().signal,
        );
    }
  }
});

describe('a task', () => {
  test('that is not sealed goes on when nothing is left, and ends when it is', async () => {
    const taskId = await tell({ 'a.md': 'A.' }, { isSealed: false });
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'running', sealed: false, seconds_left: null });
    await place.intake.sealTask(place.organizationId, taskId, { unchanged: 4 });
    expect(await read(taskId)).toMatchObject({ state: 'completed', counts: { completed: 1, unchanged: 4 } });
    await place.intake.sealTask(place.organizationId, taskId, { unchanged: 4 });
    expect(await read(taskId)).toMatchObject({ counts: { unchanged: 4 } });
  });

  test('whose look at the source failed says so when its documents are done', async () => {
    const taskId = await tell({ 'a.md': 'A.' }, { isSealed: false });
    const failure = { code: 'SOURCE_UNREACHABLE', message: 'It is away.' };
    await place.intake.sealTask(place.organizationId, taskId, { failure });
    expect(await read(taskId)).toMatchObject({ state: 'running' });
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'failed', failure, counts: { completed: 1 } });
  });

  test('takes nothing once it is sealed, canceled or of another source', async () => {
    const { organizationId, intake } = place;
    const taskId = await tell({ 'a.md': 'A.' });
    const acceptance = { sourceId, taskId, documents: [{ externalId: 'b.md', filename: 'b.md' }], removed: [] };
    await expect(intake.accept(organizationId, acceptance)).rejects.toMatchObject({ code: 'TASK_SEALED' });
    const other = await place.addSource('other');
    await expect(intake.accept(organizationId, { ...acceptance, sourceId: other })).rejects.toMatchObject({
      code: 'TASK_NOT_FOUND',
    });
    await expect(intake.accept(organizationId, { ...acceptance, sourceId: place.ids.next() })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });

  test('that is canceled stores nothing more, and what it left undone can be retried', async () => {
    const taskId = await tell({ 'a.md': 'A.', 'b.md': 'B.' });
    const onStep = async (step: Step) => {
      if (step === 'embedded') await place.ingestion.tasks.cancel(place.organizationId, taskId);
    };
    await place.work({ onStep });
    expect(await read(taskId)).toMatchObject({ state: 'canceled', counts: { failed: 2, completed: 0 } });
    const { items } = await place.ingestion.tasks.listItems(place.organizationId, {
      taskId,
      state: 'failed',
      limit: 10,
    });
    expect(items.map(({ failureCode }) => failureCode)).toEqual(['TASK_CANCELED', 'TASK_CANCELED']);
    const { organizationId } = place;
    expect(await place.ingestion.tasks.retryItem(organizationId, items[0]?.id ?? '')).toMatchObject({ taskId });
    await expect(place.ingestion.tasks.retryItem(organizationId, items[0]?.id ?? '')).rejects.toMatchObject({
      code: 'ITEM_NOT_FAILED',
    });
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'completed', counts: { failed: 1, completed: 1 } });
  });

  test('is followed by many with one question at a time, from its present state to its end', async () => {
    const taskId = await tell({ 'a.md': 'A.', 'bad.pdf': 'B.' });
    const heard = Array.from({ length: 5 }, () => [] as string[]);
    const listeners = heard.map(async (events) => {
      const signal = AbortSignal.timeout(20_000);
      for await (const told of place.ingestion.tasks.follow(place.organizationId, taskId, signal)) {
        events.push(told.event === 'failed' ? `failed ${told.item.failureCode}` : told.event);
      }
    });
    await place.work();
    await Promise.all(listeners);
    for (const events of heard) {
      expect(events[0]).toBe('progress');
      expect(events.filter((event) => event.startsWith('failed'))).toEqual(['failed FORMAT_UNSUPPORTED']);
      expect(events.at(-1)).toBe('done');
    }
  });

  test('that nobody knows is not followed', async () => {
    const { tasks } = place.ingestion;
    const events = tasks.follow(place.organizationId, place.ids.next(), new AbortController().signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});

describe('the reconciliation', () => {
  const age = () =>
    testDatabase.adminSql(
      `update ingestion_batches set touched_at = now() - interval '1 hour' where organization_id = $1`,
      [place.organizationId],
    );

  test('gives a job to batches that lost theirs, and none to those of a paused source', async () => {
    const taskId = await tell({ 'a.md': 'A.' });
    place.sent.length = 0;
    await place.ingestion.reconcile();
    expect(place.sent).toEqual([]);
    await age();
    const pause = (state: string) =>
      testDatabase.adminSql('update ingestion_sources set state = $2 where id = $1', [sourceId, state]);
    await pause('paused');
    await place.ingestion.reconcile();
    await place.ingestion.wakeSource(place.organizationId, sourceId);
    await place.work();
    expect(await read(taskId)).toMatchObject({ counts: { pending: 1 } });
    await pause('active');
    await place.ingestion.reconcile();
    expect(place.sent).toHaveLength(1);
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'completed' });
  });

  test('takes batches from workers that went without a word, and ends tasks that nobody ended', async () => {
    const taskId = await tell({ 'a.md': 'A.' });
    const [job] = place.sent.splice(0);
    let isReached = false;
    const hang = () => {
      isReached = true;
      return new Promise<void>(() => undefined);
    };
    if (job !== undefined) void place.workerOf({ onStep: hang })(job);
    await expect.poll(() => isReached).toBe(true);
    await age();
    await place.ingestion.reconcile();
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'completed' });

    await testDatabase.adminSql(
      `update ingestion_tasks set state = 'running', finished_at = null, created_at = now() - interval '1 hour'
       where id = $1`,
      [taskId],
    );
    await place.ingestion.reconcile();
    expect(await read(taskId)).toMatchObject({ state: 'completed' });
  });
});

test('the sweep takes stored bytes that nobody needs, and leaves those that somebody does', async () => {
  const later = { now: () => new Date(Date.now() + 24 * 3_600_000), monotonicMs: () => performance.now() };
  const { organizationId, blobs, ids } = place;
  await place.intake.push(organizationId, {
    sourceId,
    document: { externalId: 'p.md', filename: 'p.md' },
    bytes: Buffer.from('Text.'),
  });
  await blobs.put(`ingestion/${organizationId}/${ids.next()}`, Buffer.from('of a server that was killed'));
  await blobs.put(`checkpoints/${organizationId}/abc`, Buffer.from('{}'));
  expect(await place.ingestion.sweepBlobs()).toBe(0);
  const { createSweep } = await import('./sweep-blobs.ts');
  expect(await createSweep({ ...place.dependencies, clock: later }).sweepBlobs()).toBe(2);
  await place.work();
  expect(await createSweep({ ...place.dependencies, clock: later }).sweepBlobs()).toBe(0);
  expect(await place.blobKeys()).toHaveLength(1);
});

test('a source whose documents another pipeline made is processed anew, the others of it are not', async () => {
  await tell({ 'a.md': 'A.', 'b.md': 'B.' });
  await place.work();
  await testDatabase.adminSql(
    `with item as (update ingestion_items set pipeline = 'old' where organization_id = $1 and external_id = 'a.md'
       returning document_id)
     update corpus_documents set pipeline = 'old' where id in (select document_id from item)`,
    [place.organizationId],
  );
  place.parsed.length = 0;
  const { taskId } = await place.ingestion.reprocess(place.organizationId, sourceId);
  await place.work();
  expect(place.parsed).toEqual(['a.md']);
  expect(await read(taskId)).toMatchObject({
    kind: 'reprocess',
    state: 'completed',
    counts: { completed: 1, unchanged: 1 },
  });
});

test('what ended long ago is forgotten, and what is searchable stays', async () => {
  const taskId = await tell({ 'a.md': 'A.', 'b.md': 'B.' });
  await place.work();
  await tell({}, { removed: ['a.md'] });
  await place.work();
  for (const change of [
    `update ingestion_batches set finished_at = now() - interval '2 days'`,
    `update ingestion_tasks set finished_at = now() - interval '100 days'`,
    `update ingestion_items set processed_at = now() - interval '100 days'`,
  ]) {
    await testDatabase.adminSql(`${change} where organization_id = $1`, [place.organizationId]);
  }
  await place.ingestion.prune();
  await expect(read(taskId)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  const { items } = await place.ingestion.tasks.listItems(place.organizationId, { sourceId, limit: 10 });
  expect(items.map(({ externalId, state }) => `${externalId} ${state}`)).toEqual(['b.md completed']);
});
