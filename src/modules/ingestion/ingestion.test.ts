import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createFakeEmbedder } from '#modules/gateway/testing/fake-embedder.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import type { IngestionConfig } from './config.ts';
import { openTestIngestion, type TestIngestion } from './testing/open-test-ingestion.ts';

const never = new AbortController().signal;
let testDatabase: TestDatabase;
const opened: TestIngestion[] = [];

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterEach(() => Promise.all(opened.splice(0).map((place) => place.close())));
afterAll(() => testDatabase.close());

async function createSetup({
  config = {},
  embedder = createFakeEmbedder(),
}: {
  config?: Partial<IngestionConfig>;
  embedder?: ReturnType<typeof createFakeEmbedder>;
} = {}) {
  const embedded: string[] = [];
  const gateway = {
    embeddingSpace: embedder.space,
    countTokens: embedder.countTokens,
    embed: (texts: readonly string[], signal: AbortSignal) => {
      embedded.push(...texts);
      return embedder.embed(texts, signal);
    },
  };
  const place = await openTestIngestion(testDatabase.database, { config, overrides: { gateway } });
  opened.push(place);
  const { ingestion, organizationId, parsed } = place;
  const ingest = (text: string, more: object = {}) =>
    ingestion.ingest(
      organizationId,
      { filename: 'guide.md', externalId: 'guide', bytes: Buffer.from(text), ...more },
      never,
    );
  const documents = () =>
    testDatabase.adminSql<Record<string, unknown>>('select * from corpus_documents where organization_id = $1', [
      organizationId,
    ]);
  const chunks = () =>
    testDatabase.adminSql<{ ordinal: number; start_offset: number; end_offset: number; text: string; vector: Buffer }>(
      `select chunk.*, vector from corpus_chunks as chunk
       join corpus_embeddings as embedding on embedding.chunk_id = chunk.id
       where chunk.organization_id = $1 order by ordinal`,
      [organizationId],
    );
  const items = () =>
    testDatabase.adminSql<Record<string, unknown>>('select * from ingestion_items where organization_id = $1', [
      organizationId,
    ]);
  return { ...place, ingest, embedded, parsed, documents, chunks, items };
}

test('stores text, chunks with exact offsets, and a vector for each', async () => {
  const { ingest, documents, chunks } = await createSetup({ config: { chunkTokens: 50 } });
  const text = `# Guide\n\n${'A sentence with some words. '.repeat(40)}\n\n## More\n\nThe end.\n`;
  expect(await ingest(text)).toMatchObject({ outcome: 'created', warnings: [] });
  const [document] = await documents();
  expect(document).toMatchObject({
    title: 'Guide',
    media_type: 'text/markdown',
    text,
    size_bytes: String(text.length),
  });
  expect(document?.content_hash).toMatch(/^[0-9a-f]{64}$/);
  const stored = await chunks();
  expect(stored.length).toBeGreaterThan(2);
  stored.forEach((chunk, index) => {
    expect(chunk.ordinal).toBe(index);
    expect(text.slice(chunk.start_offset, chunk.end_offset)).toBe(chunk.text);
    expect(chunk.vector).toHaveLength(64 * 4);
  });
});

test('the same file again changes nothing and is not parsed', async () => {
  const { ingest, parsed } = await createSetup();
  const first = await ingest('# A\n\nText.');
  expect(await ingest('# A\n\nText.')).toEqual({ ...first, outcome: 'unchanged' });
  expect(parsed).toHaveLength(1);
});

test('another content, pipeline or title is read again', async () => {
  const { ingest, parsed } = await createSetup();
  await ingest('# A\n\nText.');
  expect(await ingest('# A\n\nOther.')).toMatchObject({ outcome: 'updated' });
  expect(await ingest('# A\n\nOther.', { title: 'Mine' })).toMatchObject({ outcome: 'updated' });
  expect(await ingest('# A\n\nOther.', { title: ' Mine ' })).toMatchObject({ outcome: 'unchanged' });
  await testDatabase.adminSql("update corpus_documents set pipeline = 'of an older version'");
  expect(await ingest('# A\n\nOther.')).toMatchObject({ outcome: 'updated' });
  expect(parsed).toHaveLength(4);
});

test('names a document by what was sent, else by itself, else by its file', async () => {
  const titleOf = async (text: string, more: object): Promise<unknown> => {
    const { ingest, documents } = await createSetup();
    await ingest(text, more);
    return (await documents())[0]?.title;
  };
  expect(await titleOf('# Own', { title: ' Given ' })).toBe('Given');
  expect(await titleOf('# Own', {})).toBe('Own');
  expect(await titleOf('No heading.', { filename: 'reports/q3_final.md' })).toBe('q3_final');
});

test('embeds title and headings with the text, in batches', async () => {
  const { ingest, embedded } = await createSetup();
  await ingest('# Guide\n\n## Start\n\nRun it.');
  expect(embedded).toEqual(['Guide > Start\n# Guide\n\n## Start\n\nRun it.']);
});

test('refuses a file above the limit, with both numbers and the setting', async () => {
  const { ingest, parsed } = await createSetup({ config: { maxFileBytes: 10 } });
  await expect(ingest('12345678901')).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
    kind: 'too-large',
    message: 'The file has 11 bytes; at most 10 are taken (ingestion.maxFileBytes).',
  });
  expect(await ingest('1234567890')).toMatchObject({ outcome: 'created' });
  expect(parsed).toHaveLength(1);
});

test('refuses a text above the limit', async () => {
  const { ingest } = await createSetup({ config: { maxTextCharacters: 10 } });
  await expect(ingest('12345678901')).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LONG', kind: 'too-large' });
});

test('stores nothing when the sender goes away', async () => {
  const { ingestion, organizationId, documents } = await createSetup({ config: { chunkTokens: 50, embedBatch: 1 } });
  const abort = new AbortController();
  const work = ingestion.ingest(
    organizationId,
    { filename: 'a.md', externalId: 'a', bytes: Buffer.from('Some words here. '.repeat(5_000)) },
    abort.signal,
  );
  abort.abort(new Error('gone'));
  await expect(work).rejects.toThrow('gone');
  expect(await documents()).toEqual([]);
});

test('lets others run while a long document is chunked', async () => {
  const embedder = createFakeEmbedder();
  const { ingest } = await createSetup({
    embedder: { ...embedder, embed: async (texts) => texts.map(() => new Float32Array(64)) },
  });
  const work = ingest('A sentence of ordinary length, as they come. '.repeat(100_000));
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 0);
  await work.finally(() => clearInterval(others));
  // Counted, not timed: a busy machine stretches every step, and takes no turn away.
  expect(turns).toBeGreaterThan(30);
});

test('records what was waited for as an item of the built-in source, in the same transaction', async () => {
  const { ingest, items, organizationId } = await createSetup();
  const { documentId } = await ingest('# A\n\nText.');
  await ingest('# A\n\nOther.');
  expect(await items()).toMatchObject([
    {
      external_id: 'guide',
      state: 'completed',
      outcome: 'updated',
      document_id: documentId,
      revision: 2,
      task_id: null,
    },
  ]);
  const sources = await testDatabase.adminSql<{ kind: string; name: string }>(
    'select kind, name from ingestion_sources where organization_id = $1',
    [organizationId],
  );
  expect(sources).toEqual([{ kind: 'uploads', name: 'uploads' }]);
});

test('what is waited for goes before a version of it that still waits, whose work then changes nothing', async () => {
  const { ingest, ingestion, organizationId, documents, work, blobKeys } = await createSetup();
  const { taskId } = await ingestion.submit(organizationId, {
    filename: 'guide.md',
    externalId: 'guide',
    bytes: Buffer.from('Earlier.'),
  });
  await ingest('Later.');
  await work();
  expect((await documents()).map(({ text }) => text)).toEqual(['Later.']);
  expect(await ingestion.tasks.read(organizationId, taskId)).toMatchObject({ state: 'completed', superseded: 1 });
  // Of the two files that were sent the later one is kept.
  expect(await blobKeys()).toHaveLength(1);
});

test('many uploads of one document at once leave one of them, and one item', async () => {
  const { ingest, items, documents } = await createSetup();
  await Promise.all(Array.from({ length: 12 }, (_, index) => ingest(`Version ${index}.`)));
  expect(await documents()).toHaveLength(1);
  expect(await items()).toMatchObject([{ revision: 12, state: 'completed' }]);
});

test('embeds of a changed document only what changed', async () => {
  const { ingest, embedded } = await createSetup();
  const section = (name: string) => `## ${name}\n\n${`Words about ${name}. `.repeat(100)}\n\n`;
  await ingest(`# Guide\n\n${section('One')}${section('Two')}${section('Three')}`);
  const before = embedded.length;
  await ingest(`# Guide\n\n${section('One')}${section('Other')}${section('Three')}`);
  expect(before).toBeGreaterThan(2);
  expect(embedded.length - before).toBeLessThan(before);
});
