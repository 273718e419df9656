/** What is told of documents is true of what is stored, and fits the schemas that subscribers are given. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { eventCatalogues } from '#app/subscriptions.ts';
import type { DocumentView, UploadReply } from '#modules/corpus/contract.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

async function upload(filename: string, text: string): Promise<UploadReply> {
  const reply = await app.call('POST', `/api/v1/documents?filename=${filename}`, { body: Buffer.from(text) });
  expect([200, 201], reply.text).toContain(reply.status);
  return reply.json as UploadReply;
}

const schemas = new Map<string, z.ZodType>(eventCatalogues.flatMap((catalogue) => Object.entries(catalogue)));

/** In the order in which they are delivered. */
const told = () =>
  app.testDatabase.adminSql<{ type: string; data: Record<string, unknown> }>(
    'select type, data from platform_outbox order by id',
  );

const chunkIdsOf = async (documentId: unknown) =>
  (
    await app.testDatabase.adminSql<{ id: string }>(
      'select id from corpus_chunks where document_id = $1 order by ordinal',
      [documentId],
    )
  ).map(({ id }) => id);

const sections = (count: number) =>
  Array.from({ length: count }, (_, index) => `## Part ${index}\n\n${`Sentence ${index} of the part. `.repeat(90)}`);

test('every event of two documents fits its schema and names the chunks that are stored', async () => {
  const texts = [2, 5].map((count) => `# Handbook\n\n${sections(count).join('\n\n')}\n`);
  const uploaded = [await upload('first.md', texts[0] ?? ''), await upload('second.md', texts[1] ?? '')];
  const events = await told();
  for (const { type, data } of events) expect(schemas.get(type)?.parse(data), type).toEqual(data);
  for (const { document_id: documentId, chunks } of uploaded) {
    const own = events.filter(({ data }) => data.document_id === documentId);
    expect(own.map(({ type }) => type)).toEqual([
      'document.classified',
      'document.chunked',
      'document.embedded',
      'document.indexed',
    ]);
    const chunked = own.find(({ type }) => type === 'document.chunked');
    expect(chunked?.data).toMatchObject({ chunk_count: chunks, chunk_ids: await chunkIdsOf(documentId) });
    expect(chunks).toBeGreaterThan(1);
  }
});

test('what nearly says the same as another document is told to be its duplicate', async () => {
  const words = Array.from({ length: 600 }, (_, index) => `word${(index * 7919) % 1009}`);
  const first = await upload('report.md', `# Report\n\n${words.join(' ')}\n`);
  const second = await upload('copy.md', `# Report\n\n${words.with(300, 'altered').join(' ')}\n`);
  const other = await upload('other.md', `# Other\n\n${words.toReversed().join(' ')}\n`);
  const read = async ({ document_id: id }: UploadReply) =>
    (await app.call('GET', `/api/v1/documents/${id}`)).json as DocumentView;
  const copy = await read(second);
  expect(copy.duplicate_of).toBe(first.document_id);
  expect(copy.duplicate_similarity).toBeGreaterThanOrEqual(0.95);
  expect(await read(other)).toMatchObject({ duplicate_of: null });
});
