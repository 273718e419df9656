import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFileBlobStore } from '#platform/blobs/adapters/file-blob-store.ts';
import { systemClock } from '#platform/clock.ts';
import { createCursors } from '#platform/cursor.ts';
import { createIds } from '#platform/ids.ts';
import type { Jobs, NewJob } from '#platform/queue/ports.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createApiConnector } from '../adapters/connectors/api-connector.ts';
import { createFilesConnector } from '../adapters/connectors/files-connector.ts';
import { createManualConnector } from '../adapters/connectors/manual-connector.ts';
import { ingestionConfig } from '../config.ts';
import { createIntake } from '../intake/create-intake.ts';
import { filesConfig, sourcesConfig } from './config.ts';
import type { Sources } from './service.ts';
import { createSources } from './sources.ts';
import type { SourceTables } from './store.ts';

const ids = createIds(systemClock, systemRandom);
const operator = { isOperator: true };
let testDatabase: TestDatabase;
let place: string;
let folder: string;
let organizationId: string;
let sources: Sources;
/** What would wait in the queue. */
let sent: NewJob[];

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());

beforeEach(async () => {
  place = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-sources-')));
  folder = path.join(place, 'documents');
  mkdirSync(folder);
  organizationId = ids.next();
  sent = [];
  const jobs: Jobs = {
    async send(_transaction, added) {
      for (const job of added) sent.push(job);
    },
  };
  const db = <Tables>() => testDatabase.database.withTables<Tables>();
  const blobs = await openFileBlobStore(path.join(place, 'blobs'));
  const config = ingestionConfig.parse({});
  const intake = createIntake({ db: db(), blobs, jobs, ids, config });
  const dependencies = {
    files: filesConfig.parse({ roots: [folder] }),
    maxFileBytes: 1000,
    extensions: ['md'],
    protectedFolders: [],
  };
  sources = createSources({
    db: db(),
    connectors: [createFilesConnector(dependencies), createApiConnector(), createManualConnector()],
    intake,
    jobs,
    cursors: createCursors(new Secret('key of a test')),
    clock: systemClock,
    ids,
    config: sourcesConfig.parse({ staleSyncSeconds: 10, watchRefreshSeconds: 1 }),
    requireCollection: async () => undefined,
    onBackgroundError: (error) => {
      throw error;
    },
  });
});
afterEach(() => rmSync(place, { recursive: true }));

const write = (name: string, text = name) => writeFileSync(path.join(folder, name), text);
const addFolder = (name = 'folder') =>
  sources.create(organizationId, { kind: 'files', name, settings: { folder } }, operator);

/** Runs the jobs of a queue that wait, as a worker would. */
async function work(queue = 'ingestion.sync', signal = new AbortController().signal): Promise<number> {
  // The tests before left sources of other organizations.
  const isOurs = (job: NewJob) => job.queue === queue && job.organizationId === organizationId;
  const waiting = sent.filter(isOurs);
  sent = sent.filter((job) => !isOurs(job));
  const handler = sources.queues.find(({ name }) => name === queue);
  for (const job of waiting) {
    await handler?.handle({ id: ids.next(), organizationId, data: job.data, attempt: 1 }, signal);
  }
  return waiting.length;
}

async function itemsOf(sourceId: string): Promise<string[]> {
  const rows = await testDatabase.adminSql<{ external_id: string; change: string }>(
    'select external_id, change from ingestion_items where source_id = $1 order by 1',
    [sourceId],
  );
  return rows.map((row) => `${row.change === 'upsert' ? '+' : '-'}${row.external_id}`);
}

const tasksOf = (sourceId: string) =>
  testDatabase.adminSql<{ id: string; is_sealed: boolean; state: string; failure_code: string | null }>(
    'select id, is_sealed, state, failure_code from ingestion_tasks where source_id = $1 order by id',
    [sourceId],
  );

const endPendingItems = (sourceId: string) =>
  testDatabase.adminSql(
    `update ingestion_items set state = case change when 'delete' then 'deleted' else 'completed' end,
      document_id = case change when 'upsert' then gen_random_uuid() end where source_id = $1`,
    [sourceId],
  );

describe('a source that is looked at', () => {
  it('is looked at soon after it was made, and tells its coverage', async () => {
    for (const name of ['a.md', 'b.md', 'c.md']) write(name);
    const { id } = await addFolder();
    expect(await sources.show(organizationId, id)).toMatchObject({ coverage: 0, counts: { known: 0 } });
    expect(await sources.syncDueSources()).toBe(1);
    expect(await work()).toBe(1);
    expect(await itemsOf(id)).toEqual(['+a.md', '+b.md', '+c.md']);
    const seen = await sources.show(organizationId, id);
    expect(seen).toMatchObject({
      coverage: 0,
      counts: { known: 3, pending: 3 },
      sync_task_id: null,
      known_documents: 3,
    });
    expect(seen.next_sync_at?.getTime()).toBeGreaterThan(Date.now() + 20_000);
    await endPendingItems(id);
    expect(await sources.show(organizationId, id)).toMatchObject({ coverage: 1, counts: { searchable: 3 } });
  });

  it('accepts what changed since, and leaves no task behind when nothing did', async () => {
    write('a.md');
    write('b.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    await work();
    const before = await tasksOf(id);
    await endPendingItems(id);
    await testDatabase.adminSql('update ingestion_sources set next_sync_at = now() where id = $1', [id]);
    expect(await sources.syncDueSources()).toBeGreaterThan(0);
    await work();
    expect(await tasksOf(id)).toEqual(before);
    write('a.md', 'changed');
    renameSync(path.join(folder, 'b.md'), path.join(folder, 'c.md'));
    const { taskId } = await sources.sync(organizationId, id, { full: false });
    await work();
    expect(await itemsOf(id)).toEqual(['+a.md', '-b.md', '+c.md']);
    const rows = await testDatabase.adminSql('select external_id from ingestion_items where task_id = $1', [taskId]);
    expect(rows).toHaveLength(3);
  });

  it('is looked at once more when somebody asks during the look, in the same task', async () => {
    write('a.md');
    const { id } = await addFolder();
    const first = await sources.sync(organizationId, id, { full: false });
    const second = await sources.sync(organizationId, id, { full: true });
    expect(second).toEqual(first);
    expect(sent.filter(({ queue }) => queue === 'ingestion.sync')).toHaveLength(1);
    await work();
    expect(await tasksOf(id)).toMatchObject([{ is_sealed: true }]);
    expect((await sources.show(organizationId, id)).full_sync_requested).toBe(false);
  });

  it('finds again what was lost here, by a full look', async () => {
    write('a.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    await work();
    await endPendingItems(id);
    await sources.sync(organizationId, id, { full: false });
    await work();
    expect((await sources.show(organizationId, id)).counts.pending).toBe(0);
    await sources.sync(organizationId, id, { full: true });
    await work();
    expect((await sources.show(organizationId, id)).counts.pending).toBe(1);
  });

  it('waits longer after each failure, keeps what it has, and forgets failures when it works again', async () => {
    write('a.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    await work();
    renameSync(folder, `${folder}-away`);
    for (const failures of [1, 2]) {
      await sources.sync(organizationId, id, { full: false });
      await work();
      const seen = await sources.show(organizationId, id);
      expect(seen).toMatchObject({ failures_in_a_row: failures, failure_code: 'SOURCE_UNREACHABLE' });
      const waitSeconds = ((seen.next_sync_at?.getTime() ?? 0) - Date.now()) / 1000;
      expect(waitSeconds / (30 * 2 ** (failures - 1))).toBeCloseTo(1, 0);
    }
    expect((await tasksOf(id)).at(-1)).toMatchObject({ state: 'failed', failure_code: 'SOURCE_UNREACHABLE' });
    expect(await itemsOf(id)).toEqual(['+a.md']);
    renameSync(`${folder}-away`, folder);
    await sources.sync(organizationId, id, { full: false });
    await work();
    expect(await sources.show(organizationId, id)).toMatchObject({ failures_in_a_row: 0, failure_code: null });
  });

  it('hands an interrupted look to the next worker, which loses and doubles nothing', async () => {
    for (let index = 0; index < 1200; index += 1) write(`${index}.md`);
    const { id } = await addFolder();
    const { taskId } = await sources.sync(organizationId, id, { full: false });
    const jobs = [...sent];
    const stop = new AbortController();
    const interrupted = work('ingestion.sync', stop.signal);
    const count = async () =>
      (await testDatabase.adminSql('select id from ingestion_items where source_id = $1', [id])).length;
    await expect.poll(count, { interval: 5, timeout: 10_000 }).toBeGreaterThan(0);
    stop.abort(new Error('the worker stops'));
    await interrupted.catch((error) => expect(error.message).toBe('the worker stops'));
    sent = jobs;
    await work();
    const rows = await testDatabase.adminSql<{ revision: number }>(
      'select revision from ingestion_items where source_id = $1',
      [id],
    );
    expect(rows).toHaveLength(1200);
    expect(await tasksOf(id)).toMatchObject([{ id: taskId, is_sealed: true }]);
  });

  it('leaves a look that was given to another worker, whose cursor stays', async () => {
    for (let index = 0; index < 1600; index += 1) write(`${index}.md`);
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    const slow = work();
    const takeOver = () =>
      testDatabase.adminSql(
        'update ingestion_sources set sync_attempt = 5 where id = $1 and sync_attempt = 1 returning id',
        [id],
      );
    await expect.poll(takeOver, { interval: 2, timeout: 10_000 }).toHaveLength(1);
    await slow;
    expect(await sources.show(organizationId, id)).toMatchObject({ sync_task_id: expect.any(String), cursor: null });
    await testDatabase.adminSql(
      `update ingestion_sources set sync_touched_at = now() - interval '1 hour', next_sync_at = now() where id = $1`,
      [id],
    );
    await sources.syncDueSources();
    await work();
    expect(await sources.show(organizationId, id)).toMatchObject({ sync_task_id: null, counts: { known: 1600 } });
    expect(await tasksOf(id)).toMatchObject([{ is_sealed: true }]);
  });

  it('rests while it is paused', async () => {
    write('a.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    expect(await sources.pause(organizationId, id)).toMatchObject({ state: 'paused', next_sync_at: null });
    await work();
    expect(await itemsOf(id)).toEqual([]);
    expect(await tasksOf(id)).toMatchObject([{ state: 'failed', failure_code: 'SOURCE_PAUSED' }]);
    await expect(sources.sync(organizationId, id, { full: false })).rejects.toMatchObject({ code: 'SOURCE_PAUSED' });
    await sources.resume(organizationId, id);
    await sources.syncDueSources();
    await work();
    expect(await itemsOf(id)).toEqual(['+a.md']);
  });

  it('that is removed while it is looked at leaves no task that never ends', async () => {
    for (let index = 0; index < 1600; index += 1) write(`${index}.md`);
    const { id } = await addFolder();
    const { taskId } = await sources.sync(organizationId, id, { full: false });
    const looking = work();
    const count = async () =>
      (await testDatabase.adminSql('select id from ingestion_items where source_id = $1 limit 1', [id])).length;
    await expect.poll(count, { interval: 2, timeout: 10_000 }).toBe(1);
    const removal = await sources.remove(organizationId, id);
    await looking;
    const tasks = await testDatabase.adminSql(
      'select id, kind, is_sealed, failure_code from ingestion_tasks where source_id = $1 order by id',
      [id],
    );
    expect(tasks).toEqual([
      { id: taskId, kind: 'sync', is_sealed: true, failure_code: 'SOURCE_NOT_FOUND' },
      { id: removal.taskId, kind: 'removal', is_sealed: false, failure_code: null },
    ]);
    await work('ingestion.removal');
    expect(await itemsOf(id)).not.toContainEqual(expect.stringMatching(/^[+]/));
  });

  it('that is being removed cannot be paused, resumed or changed back into being', async () => {
    const { id } = await addFolder();
    const meanwhile = async (work: () => Promise<unknown>) => {
      let ended: Promise<unknown> = Promise.resolve();
      await testDatabase.database.withTables<SourceTables>().inOrganization(organizationId, async (transaction) => {
        await transaction.updateTable('ingestion_sources').set({ state: 'deleted' }).where('id', '=', id).execute();
        ended = work().catch((error: { code?: string }) => error.code);
        await new Promise((resolve) => setTimeout(resolve, 150));
      });
      const outcome = await ended;
      const [row] = await testDatabase.adminSql('select state from ingestion_sources where id = $1', [id]);
      await testDatabase.adminSql("update ingestion_sources set state = 'active' where id = $1", [id]);
      return { outcome, ...row };
    };
    const refused = { outcome: 'SOURCE_NOT_FOUND', state: 'deleted' };
    expect(await meanwhile(() => sources.pause(organizationId, id))).toEqual(refused);
    expect(await meanwhile(() => sources.resume(organizationId, id))).toEqual(refused);
    expect(await meanwhile(() => sources.change(organizationId, id, { name: 'back' }, operator))).toEqual(refused);
  });

  it('is looked at again after somebody canceled the task of a look', async () => {
    write('a.md');
    const { id } = await addFolder();
    const { taskId } = await sources.sync(organizationId, id, { full: false });
    await testDatabase.adminSql(
      "update ingestion_tasks set state = 'canceled', is_sealed = true, finished_at = now() where id = $1",
      [taskId],
    );
    await work();
    expect(await sources.show(organizationId, id)).toMatchObject({ sync_task_id: null, last_synced_at: null });
    expect(await itemsOf(id)).toEqual([]);
    expect((await sources.sync(organizationId, id, { full: false })).taskId).not.toBe(taskId);
    await work();
    expect(await itemsOf(id)).toEqual(['+a.md']);
  });

  it('that is paused amid a full look is looked at fully when it is resumed, and did not come to its end before', async () => {
    write('a.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: true });
    await sources.pause(organizationId, id);
    await work();
    expect(await sources.show(organizationId, id)).toMatchObject({
      sync_task_id: null,
      full_sync_requested: true,
      last_synced_at: null,
    });
  });

  it('is watched: an edit asks for a look by itself', async () => {
    const { id } = await addFolder();
    const watching = sources.watchSources();
    const isAsked = () => sent.some((job) => job.organizationId === organizationId);
    // The queue of this test shows a job before the transaction of its sender has ended.
    const settle = () => new Promise((resolve) => setTimeout(resolve, 200));
    try {
      await expect.poll(isAsked, { timeout: 5000 }).toBe(true);
      await settle();
      await work();
      write('new.md');
      await expect.poll(isAsked, { timeout: 5000 }).toBe(true);
      await settle();
      await work();
      expect(await itemsOf(id)).toEqual(['+new.md']);
    } finally {
      await watching.close();
    }
  });
});

describe('a source that is pushed to', () => {
  const push = (id: string, externalId: string, version?: number) =>
    sources.push(organizationId, id, { externalId, filename: externalId, version }, Buffer.from('some text'));

  it('takes each document once by its external id, and no older version', async () => {
    const { id } = await sources.create(organizationId, { kind: 'api', name: 'mine' }, operator);
    const first = await push(id, 'a.md', 2);
    expect(await push(id, 'a.md', 3)).toMatchObject({ itemId: first.itemId });
    expect(await push(id, 'a.md', 1)).toMatchObject({ itemId: first.itemId });
    const rows = await testDatabase.adminSql(
      'select source_version, revision from ingestion_items where source_id = $1',
      [id],
    );
    expect(rows).toMatchObject([{ source_version: '3', revision: 2 }]);
    await sources.retract(organizationId, id, 'a.md');
    expect(await itemsOf(id)).toEqual(['-a.md']);
    await sources.retract(organizationId, id, 'never-there.md');
  });

  it('reads typed text as Markdown', async () => {
    const { id } = await sources.create(organizationId, { kind: 'manual', name: 'notes' }, operator);
    await push(id, 'a thought');
    const items = await testDatabase.adminSql(
      'select external_id, filename from ingestion_items where source_id = $1',
      [id],
    );
    expect(items).toMatchObject([{ external_id: 'a thought', filename: 'a thought.md' }]);
  });

  it('is never looked at, and one that is looked at takes no pushes', async () => {
    const pushed = await sources.create(organizationId, { kind: 'api', name: 'mine' }, operator);
    const found = await addFolder();
    await expect(sources.sync(organizationId, pushed.id, { full: true })).rejects.toMatchObject({
      code: 'SOURCE_SYNC_UNSUPPORTED',
    });
    await expect(push(found.id, 'a.md')).rejects.toMatchObject({ code: 'SOURCE_PUSH_UNSUPPORTED' });
    expect(pushed.next_sync_at).toBeNull();
  });
});

describe('removing and naming', () => {
  it('takes the source out of sight at once and its documents in portions', async () => {
    for (let index = 0; index < 700; index += 1) write(`${index}.md`);
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    await work();
    await endPendingItems(id);
    const { taskId } = await sources.remove(organizationId, id);
    await expect(sources.show(organizationId, id)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await addFolder();
    await work('ingestion.removal');
    const left = await testDatabase.adminSql(`select change, task_id from ingestion_items where source_id = $1`, [id]);
    expect(left).toHaveLength(700);
    expect(left.every((row) => row.change === 'delete' && row.task_id === taskId)).toBe(true);
    await endPendingItems(id);
    const age = async (column: string) => {
      await testDatabase.adminSql(`update ingestion_sources set ${column} = now() - interval '40 days' where id = $1`, [
        id,
      ]);
      await sources.tidyRemovedSources();
    };
    await age('updated_at');
    await age('created_at');
    expect(await testDatabase.adminSql('select id from ingestion_sources where id = $1', [id])).toHaveLength(1);
    await age('removed_at');
    expect(await testDatabase.adminSql('select id from ingestion_sources where id = $1', [id])).toEqual([]);
  });

  it('finishes a removal that left something behind', async () => {
    const { id } = await sources.create(organizationId, { kind: 'api', name: 'mine' }, operator);
    await sources.push(organizationId, id, { externalId: 'late.md', filename: 'late.md' }, Buffer.from('x'));
    await testDatabase.adminSql(
      `update ingestion_sources set state = 'deleted', updated_at = now() - interval '1 hour' where id = $1`,
      [id],
    );
    await sources.tidyRemovedSources();
    await work('ingestion.removal');
    const rows = await testDatabase.adminSql('select change from ingestion_items where source_id = $1', [id]);
    expect(rows).toEqual([{ change: 'delete' }]);
  });

  it('refuses a name that is taken, a kind that is unknown and settings that do not fit', async () => {
    await addFolder();
    const create = (kind: string, settings: unknown, name = 'other') =>
      sources.create(organizationId, { kind, name, settings }, { isOperator: false });
    await expect(addFolder()).rejects.toMatchObject({ code: 'SOURCE_NAME_TAKEN' });
    for (const name of ['uploads', 'Uploads of mine']) {
      await expect(create('files', { folder }, name)).rejects.toMatchObject({ code: 'SOURCE_NAME_RESERVED' });
    }
    await expect(create('ftp', {})).rejects.toMatchObject({ code: 'SOURCE_KIND_UNKNOWN' });
    await expect(create('files', { folder: 'relative' })).rejects.toMatchObject({ code: 'SOURCE_SETTINGS_INVALID' });
    await expect(create('files', { folder: place })).rejects.toMatchObject({ code: 'SOURCE_FOLDER_REFUSED' });
    await expect(create('api', { folder })).rejects.toMatchObject({ code: 'SOURCE_SETTINGS_INVALID' });
  });

  it('looks at everything again when the settings change', async () => {
    write('a.md');
    const { id } = await addFolder();
    await sources.sync(organizationId, id, { full: false });
    await work();
    mkdirSync(path.join(folder, 'below'));
    write('below/b.md');
    await sources.change(
      organizationId,
      id,
      { name: 'renamed', settings: { folder: path.join(folder, 'below') } },
      operator,
    );
    await work();
    expect(await itemsOf(id)).toEqual(['-a.md', '+b.md']);
    unlinkSync(path.join(folder, 'a.md'));
    expect(await sources.list(organizationId, { limit: 10 })).toMatchObject({ items: [{ name: 'renamed' }] });
  });

  it('shows nothing of one organization to another', async () => {
    const { id } = await addFolder();
    organizationId = ids.next();
    await expect(sources.show(organizationId, id)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await expect(sources.remove(organizationId, id)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(await sources.list(organizationId, { limit: 10 })).toMatchObject({ items: [] });
  });
});
