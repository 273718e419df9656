import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createIngestion } from '../ingestion.ts';
import { openTestIngestion, type TestIngestion, type TestIngestionOptions } from '../testing/open-test-ingestion.ts';
import { type Step, steps } from './prepare-document.ts';

let testDatabase: TestDatabase;
let place: TestIngestion;
let sourceId: string;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(() => open());
afterEach(() => place.close());

async function open(options: TestIngestionOptions = {}): Promise<void> {
  place = await openTestIngestion(testDatabase.database, options);
  sourceId = await place.addSource();
}

async function reopen(options: TestIngestionOptions): Promise<void> {
  await place.close();
  await open(options);
}

type Told = Partial<{ version: number; sizeBytes: number; title: string; filename: string }>;

/** As a connector would: the documents are at the source, in one task. */
async function tell(documents: Record<string, string>, told: Told = {}, removed: string[] = []): Promise<string> {
  for (const [name, text] of Object.entries(documents)) place.files.set(name, text);
  const { taskId } = await place.intake.openTask(place.organizationId, { sourceId, kind: 'sync' });
  await place.intake.accept(place.organizationId, {
    sourceId,
    taskId,
    documents: Object.keys(documents).map((externalId) => ({
      externalId,
      filename: externalId,
      sizeBytes: 10,
      ...told,
    })),
    removed,
  });
  await place.intake.sealTask(place.organizationId, taskId);
  return taskId;
}

const readTask = (taskId: string) => place.ingestion.tasks.read(place.organizationId, taskId);

async function stored(): Promise<Record<string, string>> {
  const rows = await testDatabase.adminSql<{ name: string; text: string }>(
    `select replace(external_id, $2, '') as name, text from corpus_documents where organization_id = $1 order by 1`,
    [place.organizationId, `${sourceId}:`],
  );
  return Object.fromEntries(rows.map(({ name, text }) => [name, text.trim()]));
}

/** Events of the outbox by type. */
async function events(): Promise<Record<string, number>> {
  const rows = await testDatabase.adminSql<{ type: string; count: number }>(
    'select type, count(*)::integer as count from platform_outbox where organization_id = $1 group by type',
    [place.organizationId],
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

const item = async (externalId: string) =>
  (
    await testDatabase.adminSql<Record<string, unknown>>(
      'select * from ingestion_items where organization_id = $1 and external_id = $2',
      [place.organizationId, externalId],
    )
  )[0];

const many = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`d${index}.md`, `# Document ${index}\n\nWords of ${index}.`]),
  );

const blobKeys = () => place.blobKeys();

describe('a batch', () => {
  test('makes all its documents searchable and ends the task', async () => {
    const documents = many(120);
    const taskId = await tell(documents);
    expect(place.sent).toHaveLength(3);
    await place.work();
    expect(await stored()).toEqual(documents);
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 120, pending: 0, processing: 0 });
    expect(await events()).toEqual({
      'document.discovered': 120,
      'document.classified': 120,
      'document.chunked': 120,
      'document.embedded': 120,
      'document.indexed': 120,
    });
    expect(await item('d7.md')).toMatchObject({ state: 'completed', stage: 'indexed', blob_key: null });
  });

  test('does not parse what is searchable already', async () => {
    await tell(many(3));
    await place.work();
    place.parsed.length = 0;
    const taskId = await tell({ ...many(3), 'd1.md': 'Another text.' });
    await place.work();
    expect(place.parsed).toEqual(['d1.md']);
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 3 });
  });

  test('removes what is gone, whether the source says so or fetching shows it', async () => {
    await tell(many(4));
    await place.work();
    place.files.delete('d1.md');
    const taskId = await tell({}, {}, ['d0.md', 'never-seen.md']);
    const fetching = await tell({ 'd2.md': 'New.' });
    place.files.delete('d2.md');
    await place.work();
    expect(Object.keys(await stored())).toEqual(['d1.md', 'd3.md']);
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', deleted: 1, unchanged: 1 });
    expect(await readTask(fetching)).toMatchObject({ state: 'completed', deleted: 1 });
    expect(await item('d2.md')).toMatchObject({ state: 'deleted', document_id: null });
  });

  test('takes in what comes shortly after it was made, before it is processed', async () => {
    await reopen({ config: { gatherMs: 400 } });
    await tell({ 'a.md': 'A.' });
    const [job] = place.sent.splice(0);
    const working = place.workerOf()(job ?? never());
    await tell({ 'b.md': 'B.' });
    expect(place.sent).toEqual([]);
    await working;
    expect(Object.keys(await stored())).toEqual(['a.md', 'b.md']);
  });

  test('of one large document is its own, and waits for nothing', async () => {
    await reopen({ config: { gatherMs: 10_000 } });
    await tell({ 'a.md': 'A.', 'b.md': 'B.' }, { sizeBytes: 2_000_000 });
    await tell({ 'c.md': 'C.' });
    expect(place.sent).toHaveLength(3);
    const startedMs = performance.now();
    for (const job of place.sent.splice(0, 2)) await place.workerOf()(job);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(Object.keys(await stored())).toEqual(['a.md', 'b.md']);
  });

  test('has many quick files with the parsers at once, and of others a few', async () => {
    await reopen({ config: { concurrentParses: 2 } });
    const most = { quick: 0, other: 0 };
    const now = { quick: 0, other: 0 };
    const parse: typeof place.dependencies.parser.parse = async (format, given, signal) => {
      const size = given.bytes.byteLength > 65_536 ? 'other' : 'quick';
      now[size] += 1;
      most[size] = Math.max(most[size], now[size]);
      await new Promise((resolve) => setTimeout(resolve, 10));
      now[size] -= 1;
      return place.dependencies.parser.parse(format, given, signal);
    };
    const large = Object.fromEntries(
      ['x.md', 'y.md', 'z.md'].map((name) => [name, `${name}\n\n${'Word. '.repeat(12_000)}`]),
    );
    const taskId = await tell({ ...many(20), ...large });
    await place.work({ parser: { ...place.dependencies.parser, parse } });
    expect(most).toEqual({ quick: 16, other: 2 });
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 23, failed: 0 });
  });
});

describe('work that is interrupted', () => {
  const documents = { ...many(5), 'empty.md': '   ' };
  const expected = () => Object.fromEntries(Object.entries(documents).filter(([name]) => name !== 'empty.md'));

  test.each(steps)('at "%s" by a kill goes on with another worker, and counts once', async (fatal) => {
    const taskId = await tell(documents);
    let reached: () => void = () => undefined;
    const killed = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let resume: () => void = () => undefined;
    const dead = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const onStep = async (step: Step) => {
      if (step !== fatal) return;
      reached();
      await dead;
    };
    const [job] = place.sent.splice(0);
    // A worker that is stopped here for good, as by SIGKILL; in `storing` its transaction is open, as the database
    // would end it when the connection breaks.
    const zombie = place.workerOf({ onStep })(job ?? never());
    await killed;
    if (fatal === 'storing') resume();
    await place.workerOf()(job ?? never());
    // The dead one comes back, as after SIGSTOP: nothing of what it does may count.
    resume();
    await zombie;
    await place.work();
    expect(await stored()).toEqual(expected());
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 5, failed: 1 });
    expect(await events()).toEqual({
      'document.discovered': 6,
      'document.classified': 5,
      'document.chunked': 5,
      'document.embedded': 5,
      'document.indexed': 5,
      'document.failed': 1,
    });
    expect(await item('empty.md')).toMatchObject({ state: 'failed', failure_code: 'DOCUMENT_EMPTY' });
  });

  test('after any of its transactions by a kill leaves no task without an end, once another worker was there', async () => {
    for (let survived = 0, isDone = false; !isDone; survived += 1) {
      const taskId = await tell({ [`a${survived}.md`]: 'A text.', [`b${survived}.md`]: ' ' });
      const [job] = place.sent.splice(0);
      let left = survived;
      const killed = Promise.withResolvers<void>();
      const inOrganization: typeof place.db.inOrganization = (organizationId, work) => {
        if (left > 0) {
          left -= 1;
          return place.db.inOrganization(organizationId, work);
        }
        killed.resolve();
        return new Promise(() => undefined);
      };
      const worker = place.workerOf({ db: { ...place.db, inOrganization } })(job ?? never());
      isDone = await Promise.race([killed.promise.then(() => false), Promise.resolve(worker).then(() => true)]);
      await place.workerOf()(job ?? never());
      expect(await readTask(taskId), `${survived} transactions`).toMatchObject({
        ...{ state: 'completed', completed: 1, failed: 1 },
      });
      expect(survived).toBeLessThan(20);
    }
  });

  test.each(steps)('at "%s" by a stop is handed back, without counting as a loss', async (stopped) => {
    await tell(documents);
    const abort = new AbortController();
    const onStep = (step: Step) => {
      if (step === stopped) abort.abort(new Error('stopping'));
    };
    const [job] = place.sent;
    await place
      .workerOf({ onStep })(job ?? never(), abort.signal)
      ?.catch((error: Error) => {
        expect(error.message).toBe('stopping');
      });
    await place.work();
    expect(await stored()).toEqual(expected());
    const batches = await testDatabase.adminSql<{ losses: number; state: string }>(
      'select losses, state from ingestion_batches where organization_id = $1',
      [place.organizationId],
    );
    expect(batches.every(({ losses, state }) => losses === 0 && state === 'done')).toBe(true);
  });

  test('after two lost workers separates the documents, so that a deadly one holds up no other', async () => {
    const taskId = await tell(documents);
    const [job] = place.sent.splice(0);
    const hang = () => new Promise<void>(() => undefined);
    const workers = [place.workerOf({ onStep: hang }), place.workerOf({ onStep: hang })];
    for (const worker of workers) {
      void worker(job ?? never());
      await expect.poll(async () => (await item('d0.md'))?.state).toBe('processing');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await place.workerOf()(job ?? never());
    expect(place.sent).toHaveLength(6);
    await place.work();
    expect(await stored()).toEqual(expected());
    expect(await readTask(taskId)).toMatchObject({ state: 'completed' });
  });

  test('skips what the killed worker had finished', async () => {
    await reopen({ config: { groupBytes: 20 } });
    await tell(many(6));
    const [job] = place.sent.splice(0);
    const storedOnce = { count: 0 };
    const hangAfterOne = async (step: Step) => {
      if (step !== 'stored') return;
      storedOnce.count += 1;
      if (storedOnce.count === 2) await new Promise<void>(() => undefined);
    };
    void place.workerOf({ onStep: hangAfterOne })(job ?? never());
    await expect.poll(() => storedOnce.count).toBe(2);
    place.parsed.length = 0;
    await place.workerOf()(job ?? never());
    expect(place.parsed).toHaveLength(2);
    expect(await stored()).toEqual(many(6));
  });
});

describe('a document that a person deletes', () => {
  const remove = async (name: string) =>
    place.ingestion.deleteDocument(place.organizationId, String((await item(name))?.document_id));

  test('takes its item along, and comes again when its source has another version', async () => {
    await tell(many(2));
    await place.work();
    await testDatabase.adminSql(`update ingestion_items set fingerprint = 'f' where organization_id = $1`, [
      place.organizationId,
    ]);
    await remove('d0.md');
    expect(await item('d0.md')).toMatchObject({ state: 'deleted', change: 'upsert', document_id: null });
    await place.ingestion.prune();
    expect(await item('d0.md')).toBeDefined();
    const taskId = await tell({ 'd0.md': '# Document 0\n\nWords of 0.' });
    await place.work();
    expect(await stored()).toEqual(many(2));
    expect(await item('d0.md')).toMatchObject({ state: 'completed', outcome: 'created' });
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 1 });
  });

  test('is not brought back by what is in hand of it, and no task waits for it', async () => {
    await tell({ 'a.md': 'Old.' });
    await place.work();
    const taskId = await tell({ 'a.md': 'New.' });
    let isDeleted = false;
    const onStep = async (step: Step) => {
      if (step !== 'embedded' || isDeleted) return;
      isDeleted = true;
      await remove('a.md');
    };
    await place.work({ onStep });
    expect(await stored()).toEqual({});
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', deleted: 1, pending: 0, processing: 0 });
  });
});

describe('chunks that were embedded before', () => {
  test('are not embedded again when their document changes elsewhere', async () => {
    const texts: string[] = [];
    const gateway = {
      ...place.dependencies.gateway,
      embed: async (given: readonly string[], signal: AbortSignal) => {
        texts.push(...given);
        return place.dependencies.gateway.embed(given, signal);
      },
    };
    const sections = Array.from(
      { length: 6 },
      (_, index) => `## Part ${index}\n\n${`Sentence ${index}. `.repeat(200)}`,
    );
    await tell({ 'long.md': `# Long\n\n${sections.join('\n\n')}` });
    await place.work({ gateway });
    const before = texts.splice(0).length;
    expect(before).toBeGreaterThanOrEqual(6);
    const edited = sections.with(3, `## Part 3\n\n${'Another sentence. '.repeat(20)}`);
    await tell({ 'long.md': `# Long\n\n${edited.join('\n\n')}` });
    await place.work({ gateway });
    expect(texts).toEqual([expect.stringContaining('Another sentence.')]);
  });
});

describe('a newer version', () => {
  test('that comes while the older one is processed wins', async () => {
    const first = await tell({ 'a.md': 'Old.', 'b.md': 'B.' }, { version: 1 });
    let second = '';
    const onStep = async (step: Step) => {
      if (step === 'embedded' && second === '') second = await tell({ 'a.md': 'New.' }, { version: 2 });
    };
    await place.work({ onStep });
    expect(await stored()).toEqual({ 'a.md': 'New.', 'b.md': 'B.' });
    expect(await readTask(first)).toMatchObject({ state: 'completed', completed: 1, superseded: 1 });
    expect(await readTask(second)).toMatchObject({ state: 'completed', completed: 1 });
  });

  test('is not undone by an older one that comes late', async () => {
    await tell({ 'a.md': 'New.' }, { version: 2 });
    const late = await tell({ 'a.md': 'New.' }, { version: 1 });
    await place.work();
    expect(await item('a.md')).toMatchObject({ revision: 1, source_version: '2' });
    expect(await readTask(late)).toMatchObject({ state: 'completed', unchanged: 1 });
  });
});

describe('a document that fails', () => {
  const poisonous = (name: string, error: () => unknown) => ({
    parser: {
      ...place.dependencies.parser,
      parse: async (...given: Parameters<typeof place.dependencies.parser.parse>) => {
        if (given[1].filename === name) throw error();
        return place.dependencies.parser.parse(...given);
      },
    },
  });

  test('by its own fault is dead at once with its reason, and its neighbours are not', async () => {
    const taskId = await tell({ ...many(4), 'bad.pdf': 'x' });
    await place.work();
    expect(Object.keys(await stored())).toHaveLength(4);
    expect(await item('bad.pdf')).toMatchObject({ state: 'failed', attempts: 1, failure_code: 'FORMAT_UNSUPPORTED' });
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 4, failed: 1 });
    expect((await events())['document.failed']).toBe(1);
  });

  test('in the same way three times is dead, and alive again when it is retried after a fix', async () => {
    const taskId = await tell(many(4));
    const handled = await place.work(poisonous('d2.md', () => new Error('boom at 0x7f')));
    expect(handled).toBe(3);
    expect(Object.keys(await stored())).toEqual(['d0.md', 'd1.md', 'd3.md']);
    expect(await item('d2.md')).toMatchObject({
      state: 'failed',
      attempts: 3,
      failures: 3,
      failure_code: 'INTERNAL_ERROR',
    });
    expect(String((await item('d2.md'))?.failure_message)).not.toContain('0x7f');
    expect(place.failures).toHaveLength(3);
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 3, failed: 1 });

    expect(await place.ingestion.tasks.retry(place.organizationId, taskId)).toEqual({ taskId, items: 1 });
    expect(await readTask(taskId)).toMatchObject({ state: 'running', pending: 1, finishedAt: null });
    await place.work();
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 4, failed: 0 });
    expect(Object.keys(await stored())).toHaveLength(4);
  });

  test('in embedding or storing is found among its neighbours', async () => {
    const gateway = {
      ...place.dependencies.gateway,
      embed: async (texts: readonly string[], signal: AbortSignal) => {
        if (texts.some((text) => text.includes('Document 2'))) throw new AppError('X', 'invalid', 'Not this text.');
        return place.dependencies.gateway.embed(texts, signal);
      },
    };
    await tell(many(4));
    await place.work({ gateway });
    expect(Object.keys(await stored())).toEqual(['d0.md', 'd1.md', 'd3.md']);
    expect(await item('d2.md')).toMatchObject({ state: 'failed', stage: 'chunked', failure_code: 'X' });
  });

  test('because the disk is full waits without limit, and goes on by itself', async () => {
    const disk = { isFull: true };
    const requireSpace = () => {
      if (disk.isFull) throw new AppError('STORAGE_FULL', 'storage-full', 'The disk is nearly full.');
    };
    const taskId = await tell(many(3));
    const more = place.config.outageRetries + 20;
    expect(await place.work({ requireSpace }, more)).toBe(more);
    expect(place.parsed).toEqual([]);
    expect(await item('d1.md')).toMatchObject({ state: 'pending', attempts: more, failure_code: 'STORAGE_FULL' });
    expect(await readTask(taskId)).toMatchObject({ state: 'running', pending: 3 });
    // It fills again while the documents are in hand.
    disk.isFull = false;
    const replaceDocuments = async () => Promise.reject(new AppError('STORAGE_FULL', 'storage-full', 'Full again.'));
    await place.work({ requireSpace, corpus: { ...place.corpus, replaceDocuments } }, 1);
    expect(await item('d1.md')).toMatchObject({ state: 'pending', failure_message: 'Full again.' });
    expect(place.sent).toHaveLength(1);
    await place.work({ requireSpace });
    expect(await stored()).toEqual(many(3));
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 3, failed: 0 });
  });

  test('because something is away waits for it, with the reason to be seen', async () => {
    const outage = { isOver: false };
    const gateway = {
      ...place.dependencies.gateway,
      embed: async (texts: readonly string[], signal: AbortSignal) => {
        if (!outage.isOver) throw new AppError('MODEL_UNAVAILABLE', 'unavailable', 'The model is away.');
        return place.dependencies.gateway.embed(texts, signal);
      },
    };
    const taskId = await tell(many(3));
    expect(await place.work({ gateway }, 10)).toBe(10);
    expect(await item('d1.md')).toMatchObject({
      state: 'pending',
      attempts: 10,
      failure_message: 'The model is away.',
    });
    expect(await readTask(taskId)).toMatchObject({ state: 'running', pending: 3 });
    outage.isOver = true;
    await place.ingestion.wakeSource(place.organizationId, sourceId);
    await place.work({ gateway });
    expect(await readTask(taskId)).toMatchObject({ state: 'completed', completed: 3 });
    // What was read is kept from the first failure on, and thrown away when it is no longer needed.
    expect(place.parsed.length).toBeLessThanOrEqual(6);
    expect(await blobKeys()).toEqual([]);
  });
});

describe('a pushed document', () => {
  const push = (text: string, more: object = {}) =>
    place.intake.push(place.organizationId, {
      sourceId,
      document: { externalId: 'p.md', filename: 'p.md', ...more },
      bytes: Buffer.from(text),
    });

  test('is kept once, however often the same comes', async () => {
    const [first, second] = [await push('Text.'), await push('Text.')];
    expect(second.itemId).toBe(first.itemId);
    expect(await blobKeys()).toHaveLength(1);
    await place.work();
    expect(await stored()).toEqual({ 'p.md': 'Text.' });
    const [kept] = await blobKeys();
    expect(await item('p.md')).toMatchObject({ blob_key: null, original_key: kept });
    expect(await readTask(first.taskId)).toMatchObject({ state: 'completed', superseded: 1, completed: 0 });
    expect(await readTask(second.taskId)).toMatchObject({ state: 'completed', completed: 1 });
  });

  test('gives way to its next version, bytes and all, once that is searchable', async () => {
    await push('First.');
    await place.work();
    const [first] = await blobKeys();
    await push('Second.');
    expect(await blobKeys()).toHaveLength(2);
    expect(await item('p.md')).toMatchObject({ state: 'pending', original_key: first });
    await place.work();
    const [second, ...others] = await blobKeys();
    expect(others).toEqual([]);
    expect(await place.blobs.get(second ?? '')).toEqual(Buffer.from('Second.'));
    await place.intake.accept(place.organizationId, {
      sourceId,
      taskId: (await place.intake.openTask(place.organizationId, { sourceId, kind: 'upload' })).taskId,
      documents: [],
      removed: ['p.md'],
    });
    await place.work();
    expect(await blobKeys()).toEqual([]);
  });

  test('is kept no longer than its work takes when originals are not to be kept', async () => {
    await reopen({ config: { keepOriginals: false } });
    await push('Text.');
    await place.work();
    expect(await stored()).toEqual({ 'p.md': 'Text.' });
    expect(await blobKeys()).toEqual([]);
  });

  test('is made anew from the kept bytes by another pipeline', async () => {
    await push('Text.');
    await push('Without its bytes.', { externalId: 'q.md' });
    await place.work();
    await testDatabase.adminSql(
      `update ingestion_items set original_key = null where organization_id = $1 and external_id = 'q.md'`,
      [place.organizationId],
    );
    await testDatabase.adminSql(`update ingestion_sources set kind = 'api' where id = $1`, [sourceId]);
    const config = { ...place.config, chunkTokens: place.config.chunkTokens + 1 };
    const next = createIngestion({ ...place.dependencies, config });
    place.parsed.length = 0;
    const { taskId } = await next.reprocess(place.organizationId, sourceId);
    await place.work({ config });
    expect(place.parsed).toEqual(['p.md']);
    expect(await readTask(taskId)).toMatchObject({
      state: 'failed',
      failureCode: 'REPROCESS_UNSUPPORTED',
      completed: 1,
    });
    expect(await item('p.md')).toMatchObject({ state: 'completed', outcome: 'updated' });
    expect(await blobKeys()).toHaveLength(2);
  });

  test('shares its job with others that nobody has begun', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => push(`Text ${index}.`, { externalId: `${index}.md` })));
    expect(place.sent.length).toBeLessThan(15);
    await place.work();
    expect(Object.keys(await stored())).toHaveLength(20);
  });

  test('of an older version leaves nothing behind', async () => {
    await push('New.', { version: 2 });
    const late = await push('Old.', { version: 1 });
    expect(await blobKeys()).toHaveLength(1);
    await place.work();
    expect(await stored()).toEqual({ 'p.md': 'New.' });
    expect(await readTask(late.taskId)).toMatchObject({ state: 'completed', unchanged: 1 });
  });

  test('whose bytes are lost fails with that reason', async () => {
    await push('Text.');
    for (const key of await blobKeys()) await place.blobs.delete(key);
    await place.work();
    expect(await item('p.md')).toMatchObject({ state: 'failed', failure_code: 'ORIGINAL_LOST' });
  });
});

function never(): never {
  throw new Error('There is a job.');
}
