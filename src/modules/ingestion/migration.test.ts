import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { type OldDatabase, openOldDatabase } from '../../../test/support/old-database.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';

const ids = createIds(systemClock, systemRandom);
let testDatabase: TestDatabase;
let old: OldDatabase;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
  old = await openOldDatabase(testDatabase, 44);
});
afterAll(async () => {
  await old.close();
  await testDatabase.close();
});

test('sources that were removed before are remembered from then on, and the others are not', async () => {
  const organization = ids.next();
  for (const state of ['active', 'deleted']) {
    await old.adminSql(
      `insert into ingestion_sources (organization_id, id, kind, name, settings, state, updated_at)
       values ($1, $2, 'api', $3, '{}', $3, '2026-01-01')`,
      [organization, ids.next(), state],
    );
  }
  await old.migrate();
  const sources = await old.adminSql(
    `select state, removed_at = '2026-01-01' as dated from ingestion_sources order by state`,
  );
  expect(sources).toEqual([
    { state: 'active', dated: null },
    { state: 'deleted', dated: true },
  ]);
  const open = await old.adminSql(
    `select relname from pg_class where relkind = 'r' and relname like 'ingestion\\_%' and not relforcerowsecurity`,
  );
  expect(open).toEqual([]);
});
