import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
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

describe('a document that is gone at its source', () => {
  test('when it is fetched is known no more, so that it comes again when it is back', async () => {
    const taskId = await place.tell(sourceId, { 'a.md': 'A.' });
    place.files.delete('a.md');
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'completed', deleted: 1 });
    expect(await place.item('a.md')).toMatchObject({ state: 'deleted', change: 'delete' });
  });

  test('after a person deleted it is told to be gone once', async () => {
    await place.tell(sourceId, { 'a.md': 'A.' });
    await place.work();
    await testDatabase.adminSql(`update ingestion_items set fingerprint = 'f' where organization_id = $1`, [
      place.organizationId,
    ]);
    const { document_id: documentId } = (await place.item('a.md')) ?? {};
    await place.ingestion.deleteDocument(place.organizationId, documentId ?? '');
    expect(await place.item('a.md')).toMatchObject({ state: 'deleted', change: 'upsert' });
    const taskId = await place.tell(sourceId, {}, { removed: ['a.md'] });
    await place.work();
    expect(await read(taskId)).toMatchObject({ state: 'completed', deleted: 1, unchanged: 0 });
    expect(await place.item('a.md')).toMatchObject({ state: 'deleted', change: 'delete' });
    const again = await place.tell(sourceId, {}, { removed: ['a.md'] });
    expect(await read(again)).toMatchObject({ state: 'completed', deleted: 0, unchanged: 1 });
  });
});
