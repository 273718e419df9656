import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { CorpusTables } from '../store.ts';
import { findOriginals } from './store.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());

test('of a crowded band the oldest originals are compared, and the very same text is always found', async () => {
  const ids = createIds(systemClock, systemRandom);
  const [organizationId, collectionId] = [ids.next(), ids.next()];
  const documents = Array.from({ length: 300 }, () => ids.next());
  await testDatabase.adminSql('insert into corpus_collections (organization_id, id, name) values ($1, $2, $3)', [
    organizationId,
    collectionId,
    'forms',
  ]);
  await testDatabase.adminSql(
    `insert into corpus_documents (organization_id, id, collection_id, external_id, title, media_type, content_hash,
       size_bytes, text, characters, chunk_count, pipeline, change_id, text_hash)
     select $1, id, $2, id::text, 'Form', 'text/plain', 'hash', 4, 'Text', 4, 0, 'test', id, sha256(id::text::bytea)
     from unnest($3::uuid[]) as id`,
    [organizationId, collectionId, documents],
  );
  await testDatabase.adminSql(
    'insert into corpus_signature_bands select $1, $2, 42, id from unnest($3::uuid[]) as id',
    [organizationId, collectionId, documents],
  );
  const last = documents.at(-1) ?? '';
  const found = await testDatabase.database.withTables<CorpusTables>().inOrganization(organizationId, (transaction) =>
    findOriginals(transaction, {
      collectionId,
      textHashes: [createHash('sha256').update(last).digest('hex')],
      bands: ['42', '43'],
      except: [documents[0] ?? ''],
    }),
  );
  const expected = [...documents.slice(1, 201), last];
  expect(found.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
});
