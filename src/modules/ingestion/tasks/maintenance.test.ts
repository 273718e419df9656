import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { Step } from '../stages/prepare-document.ts';
import { openTestIngestion, type TestIngestion } from '../testing/open-test-ingestion.ts';

let testDatabase: TestDatabase;
let place: TestIngestion;
let sourceId: string;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  place = await openTestIngestion(testDatabase.database);
  sourceId = await place.addSource();
});
afterEach(() => place.close());

const read = (taskId: string) => place.ingestion.tasks.read(place.organizationId, taskId);

describe('a source that goes on', () => {
  test('takes no batch from the worker that has it in hand', async () => {
    await place.tell(sourceId, { 'a.md': 'A.' });
    const onStep = async (step: Step) => {
      if (step === 'parsed') await place.ingestion.wakeSource(place.organizationId, sourceId);
    };
    expect(await place.work({ onStep })).toBe(1);
    const batches = await testDatabase.adminSql(
      'select attempt, losses from ingestion_batches where organization_id = $1',
      [place.organizationId],
    );
    expect(batches).toEqual([{ attempt: 1, losses: 0 }]);
  });

  test('goes on with a batch whose worker says nothing', async () => {
    await place.tell(sourceId, { 'a.md': 'A.' });
    place.sent.length = 0;
    await testDatabase.adminSql(
      `update ingestion_batches set state = 'running', attempt = 1, touched_at = now() - interval '1 minute'
       where organization_id = $1`,
      [place.organizationId],
    );
    await place.ingestion.wakeSource(place.organizationId, sourceId);
    expect(place.sent).toHaveLength(1);
  });
});

describe('a task that nobody sealed', () => {
  const open = async () => (await place.intake.openUploadTask(place.organizationId)).taskId;
  const submit = (taskId: string, name: string) =>
    place.ingestion.submit(place.organizationId, {
      taskId,
      filename: name,
      externalId: name,
      bytes: Buffer.from('Text.'),
    });
  const age = (table: string, column: string, id: string) =>
    testDatabase.adminSql(
      `update ${table} set ${column} = now() - interval '25 hours' where ${table.endsWith('items') ? 'task_id' : 'id'} = $1`,
      [id],
    );

  test('ends when nobody has added to it for a day, with the reason and what came in', async () => {
    const taskId = await open();
    await submit(taskId, 'a.md');
    await place.work();
    await place.ingestion.reconcile();
    expect(await read(taskId)).toMatchObject({ state: 'running', isSealed: false });
    await age('ingestion_tasks', 'created_at', taskId);
    await age('ingestion_items', 'discovered_at', taskId);
    await place.ingestion.reconcile();
    expect(await read(taskId)).toMatchObject({ state: 'failed', failureCode: 'TASK_FORGOTTEN', completed: 1 });
    await expect(submit(taskId, 'b.md')).rejects.toMatchObject({ code: 'TASK_SEALED' });
  });

  test('stays open while somebody adds to it, or looks at its source', async () => {
    const taskId = await open();
    await submit(taskId, 'a.md');
    await age('ingestion_tasks', 'created_at', taskId);
    const { taskId: look } = await place.intake.openTask(place.organizationId, { sourceId, kind: 'sync' });
    await age('ingestion_tasks', 'created_at', look);
    await testDatabase.adminSql('update ingestion_sources set sync_task_id = $1 where id = $2', [look, sourceId]);
    await place.ingestion.reconcile();
    expect([await read(taskId), await read(look)]).toMatchObject([{ state: 'running' }, { state: 'running' }]);
  });
});
