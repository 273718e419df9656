import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { type OldDatabase, openOldDatabase } from '../../../test/support/old-database.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';

const ids = createIds(systemClock, systemRandom);
const [organization, searched, empty, older, newer, unused] = Array.from({ length: 6 }, () => ids.next());
let testDatabase: TestDatabase;
let old: OldDatabase;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  old = await openOldDatabase(testDatabase, 22);
});
afterAll(async () => {
  await old.close();
  await testDatabase.close();
});

/** A document of one chunk with its vector, as it was written before 0023. */
async function writeDocument(name: string, spaceId: string | undefined): Promise<void> {
  const [document, chunk] = [ids.next(), ids.next()];
  await old.adminSql(
    `insert into corpus_documents (organization_id, id, collection_id, external_id, title, media_type, content_hash,
       size_bytes, text, characters, chunk_count, pipeline, change_id)
     values ($1, $2, $3, $4, 'Title', 'text/plain', 'hash', 4, 'Text', 4, 1, 'old', $2)`,
    [organization, document, searched, name],
  );
  await old.adminSql(
    `insert into corpus_chunks (organization_id, id, document_id, ordinal, start_offset, end_offset, heading_path,
       tokens, text) values ($1, $2, $3, 0, 0, 4, '[]', 1, 'Text')`,
    [organization, chunk, document],
  );
  await old.adminSql('insert into corpus_embeddings values ($1, $2, $3, $4)', [
    organization,
    chunk,
    spaceId,
    Buffer.alloc(8),
  ]);
  await old.adminSql(
    `insert into corpus_changes (organization_id, id, collection_id, document_id, kind) values ($1, $2, $3, $4, 'upsert')`,
    [organization, ids.next(), searched, document],
  );
}

test('collections of before are searched in the space of their newest vectors, and keep all they hold', async () => {
  for (const [id, name] of [
    [searched, 'searched'],
    [empty, 'empty'],
  ]) {
    await old.adminSql('insert into corpus_collections (organization_id, id, name) values ($1, $2, $3)', [
      organization,
      id,
      name,
    ]);
  }
  for (const [index, id] of [older, newer, unused].entries()) {
    await old.adminSql(
      `insert into corpus_embedding_spaces (organization_id, id, provider, model, revision, dimensions, normalised, created_at)
       values ($1, $2, 'test', $3, '1', 2, true, timestamptz '2026-01-01' + make_interval(days => $4))`,
      [organization, id, `model ${index}`, index],
    );
  }
  await writeDocument('a', older);
  await writeDocument('b', newer);
  await old.migrate();

  const collections = await old.adminSql(
    'select name, live_space_id, building_space_id from corpus_collections order by name',
  );
  expect(collections).toEqual([
    { name: 'empty', live_space_id: null, building_space_id: null },
    { name: 'searched', live_space_id: newer, building_space_id: null },
  ]);
  const kept = await old.adminSql(
    `select (select count(*)::integer from corpus_documents where text_hash is null) as documents,
       (select count(*)::integer from corpus_embeddings where text_hash is null) as vectors,
       (select count(*)::integer from corpus_changes where kind = 'upsert') as changes`,
  );
  expect(kept).toEqual([{ documents: 2, vectors: 2, changes: 2 }]);
  const open = await old.adminSql(
    `select relname from pg_class where relkind = 'r' and relname like 'corpus\\_%' and not relforcerowsecurity`,
  );
  expect(open).toEqual([]);
});
