import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createIngestion } from '../ingestion.ts';
import { openTestIngestion, type TestIngestion } from '../testing/open-test-ingestion.ts';

const never = new AbortController().signal;
let testDatabase: TestDatabase;
let place: TestIngestion;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());
beforeEach(async () => {
  place = await openTestIngestion(testDatabase.database);
});
afterEach(() => place.close());

const file = (text: string, name = 'a.md') => ({ filename: name, externalId: name, bytes: Buffer.from(text) });
const send = (text: string, name?: string) => place.ingestion.ingest(place.organizationId, file(text, name), never);
const submit = (text: string) => place.ingestion.submit(place.organizationId, file(text));

const texts = async () => {
  const rows = await testDatabase.adminSql<{ text: string }>(
    'select text from corpus_documents where organization_id = $1 order by external_id',
    [place.organizationId],
  );
  return rows.map(({ text }) => text);
};

describe('a document that is stored already as it is sent', () => {
  test('goes before another version of it that still waits', async () => {
    const { documentId } = await send('Old.');
    const { taskId } = await submit('New.');
    expect(await send('Old.')).toMatchObject({ documentId, outcome: 'unchanged' });
    await place.work();
    expect(await texts()).toEqual(['Old.']);
    expect(await place.ingestion.tasks.read(place.organizationId, taskId)).toMatchObject({
      state: 'completed',
      superseded: 1,
    });
    expect(await place.item('a.md')).toMatchObject({ state: 'completed', outcome: 'unchanged', task_id: null });
    const original = await place.ingestion.readOriginal(place.organizationId, documentId);
    expect(original.bytes.toString()).toBe('Old.');
    expect(await place.blobKeys()).toHaveLength(1);
  });

  test('ends the failure of a version that came between', async () => {
    await send('Old.');
    await submit('  ');
    await place.work();
    expect(await place.item('a.md')).toMatchObject({ state: 'failed', failure_code: 'DOCUMENT_EMPTY' });
    expect(await send('Old.')).toMatchObject({ outcome: 'unchanged' });
    expect(await place.item('a.md')).toMatchObject({ state: 'completed', failure_code: null });
  });

  test('is stored again when another version came in the same moment', async () => {
    await send('Old.');
    let isOvertaken = false;
    const findDocuments: typeof place.corpus.findDocuments = async (...given) => {
      const found = await place.corpus.findDocuments(...given);
      if (isOvertaken) return found;
      isOvertaken = true;
      await send('New.');
      return found;
    };
    const slow = createIngestion({ ...place.dependencies, corpus: { ...place.corpus, findDocuments } });
    expect(await slow.ingest(place.organizationId, file('Old.'), never)).toMatchObject({ outcome: 'updated' });
    expect(await texts()).toEqual(['Old.']);
  });
});

test.each([
  ['hold each other up', 'DATABASE_CONFLICT'],
  ['make the same document', 'DOCUMENT_CONFLICT'],
])('two writers that %s are no concern of the sender', async (_what, code) => {
  let conflicts = 2;
  const replaceDocuments = (async (...given: Parameters<typeof place.corpus.replaceDocuments>) => {
    conflicts -= 1;
    if (conflicts >= 0) throw new AppError(code, 'conflict', 'Another change touched the same data.');
    return place.corpus.replaceDocuments(...given);
  }) as typeof place.corpus.replaceDocuments;
  const busy = createIngestion({ ...place.dependencies, corpus: { ...place.corpus, replaceDocuments } });
  const sent = ['a.md', 'b.md', 'c.md'].map((name) => busy.ingest(place.organizationId, file(name, name), never));
  expect((await Promise.all(sent)).map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created']);
  expect(await texts()).toHaveLength(3);
});

test('a small document does not wait for large ones, which are stored one by one', async () => {
  const storing: number[] = [];
  const held = Promise.withResolvers<void>();
  const replaceDocuments = (async (...given: Parameters<typeof place.corpus.replaceDocuments>) => {
    const [, documents] = given;
    if (documents.some(({ chunks }) => chunks.length >= 200)) {
      storing.push(documents.length);
      await held.promise;
    }
    return place.corpus.replaceDocuments(...given);
  }) as typeof place.corpus.replaceDocuments;
  const slow = createIngestion({ ...place.dependencies, corpus: { ...place.corpus, replaceDocuments } });
  const sendSlowly = (text: string, name: string) => slow.ingest(place.organizationId, file(text, name), never);
  const sections = Array.from(
    { length: 250 },
    (_, index) => `# Section ${index}\n\n${'Word after word. '.repeat(100)}`,
  );
  const large = ['large.md', 'larger.md', 'largest.md'].map((name) =>
    sendSlowly(`${name}\n\n${sections.join('\n\n')}`, name),
  );
  while (storing.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await sendSlowly('Small.', 'small.md')).toMatchObject({ outcome: 'created', chunks: 1 });
  held.resolve();
  const stored = await Promise.all(large);
  expect(stored.every(({ chunks }) => chunks >= 200)).toBe(true);
  expect(storing).toEqual([1, 1, 1]);
});

test('a document for a collection that is not there is refused before anything of it is kept', async () => {
  const collectionId = place.ids.next();
  await expect(place.ingestion.submit(place.organizationId, { ...file('A.'), collectionId })).rejects.toMatchObject({
    code: 'COLLECTION_NOT_FOUND',
  });
  expect(await place.blobKeys()).toEqual([]);
  expect(await place.item('a.md')).toBeUndefined();
});
