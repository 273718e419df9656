import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { openTestIngestion, type TestIngestion } from '../testing/open-test-ingestion.ts';
import type { Step } from './prepare-document.ts';

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

const push = (text: string, more: object = {}) =>
  place.intake.push(place.organizationId, {
    sourceId,
    document: { externalId: 'p.md', filename: 'p.md', ...more },
    bytes: Buffer.from(text),
  });

const documents = () =>
  testDatabase.adminSql<{ id: string; text: string; source_url: string | null }>(
    'select id, text, source_url from corpus_documents where organization_id = $1',
    [place.organizationId],
  );

describe('a version that is the same as the stored one', () => {
  test('leaves the kept file alone when a newer version overtakes it', async () => {
    await push('First.');
    await place.work();
    await push('First.');
    let isOvertaken = false;
    const onStep = async (step: Step) => {
      if (step !== 'loaded' || isOvertaken) return;
      isOvertaken = true;
      await push('   ');
    };
    await place.work({ onStep });
    expect(await place.item('p.md')).toMatchObject({ state: 'failed', failure_code: 'DOCUMENT_EMPTY' });
    const [document] = await documents();
    const original = await place.ingestion.readOriginal(place.organizationId, document?.id ?? '');
    expect(original.bytes.toString()).toBe('First.');
  });

  test('under another address is stored with it', async () => {
    await push('Text.', { url: 'https://old.example.org/p' });
    await place.work();
    await push('Text.', { url: 'https://new.example.org/p' });
    await place.work();
    expect(await documents()).toMatchObject([{ source_url: 'https://new.example.org/p' }]);
    await push('Text.', { url: 'https://new.example.org/p' });
    await place.work();
    expect(await place.item('p.md')).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('a network that is lost', () => {
  const away = (code: string) => async () => Promise.reject(new AppError(code, 'unavailable', 'It is away.'));

  test('to the database keeps the documents, and they go on when it is back', async () => {
    const taskId = await place.tell(sourceId, { 'a.md': 'A.', 'b.md': 'B.' });
    const [job] = place.sent;
    let isAway = false;
    const db = {
      ...place.db,
      inOrganization: ((...given: Parameters<typeof place.db.inOrganization>) =>
        isAway ? away('DATABASE_UNAVAILABLE')() : place.db.inOrganization(...given)) as typeof place.db.inOrganization,
    };
    const replaceDocuments = () => {
      isAway = true;
      return away('DATABASE_UNAVAILABLE')();
    };
    const work = place.workerOf({ db, corpus: { ...place.corpus, replaceDocuments } });
    await expect(job && work(job)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await place.work();
    expect(await documents()).toHaveLength(2);
    expect(await place.ingestion.tasks.read(place.organizationId, taskId)).toMatchObject({
      state: 'completed',
      completed: 2,
    });
  });

  test('to the blob store keeps the documents, and they go on when it is back', async () => {
    const { taskId } = await push('Text.');
    const blobs = { ...place.blobs, get: away('BLOB_STORE_UNAVAILABLE') };
    expect(await place.work({ blobs }, 5)).toBe(5);
    expect(await place.item('p.md')).toMatchObject({ state: 'pending', failure_code: 'BLOB_STORE_UNAVAILABLE' });
    await place.work();
    expect(await documents()).toMatchObject([{ text: 'Text.' }]);
    expect(await place.ingestion.tasks.read(place.organizationId, taskId)).toMatchObject({ state: 'completed' });
  });
});

describe('bytes that are damaged in the store', () => {
  test('fail at once with what to do about it', async () => {
    await push('Text.');
    const get = async () => Promise.reject(new AppError('BLOB_DAMAGED', 'bug', 'Not the ones that were kept.'));
    await place.work({ blobs: { ...place.blobs, get } });
    const item = await place.item('p.md');
    expect(item).toMatchObject({ state: 'failed', attempts: 1, failure_code: 'ORIGINAL_DAMAGED' });
    expect(item?.failure_message).toContain('Send the document again');
  });
});
