import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createRelay, eventsConfig, type OutboxTable, recordEvents, subscriber } from '#platform/events/index.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

const recipe = readFileSync(path.resolve(import.meta.dirname, '../../docs/recipes/add-an-event-subscriber.md'), 'utf8');
const ids = createIds(systemClock, systemRandom);

type CountTables = {
  platform_outbox: OutboxTable;
  test_counts: { organization_id: string; documents: number };
};

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await openTestDatabase();
  await testDatabase.ownerSql(`create table test_counts (organization_id uuid primary key, documents integer not null);
    select platform_protect_tenant_table('test_counts')`);
});
afterAll(() => testDatabase.close());

test('the recipe for an event subscriber: what it counts is counted once', async () => {
  const [, name = '', type = ''] = /name: '([^']+)'[\s\S]*?types: \['([^']+)'\]/.exec(recipe) ?? [];
  expect(type).toBe('document.indexed');
  const countDocuments = subscriber<CountTables>({
    name,
    types: [type],
    async handle(event, transaction) {
      await transaction
        .insertInto('test_counts')
        .values({ organization_id: event.organizationId, documents: 1 })
        .onConflict((conflict) =>
          conflict
            .column('organization_id')
            .doUpdateSet((row) => ({ documents: row('test_counts.documents', '+', 1) })),
        )
        .execute();
    },
  });
  const db = testDatabase.database.withTables<CountTables>();
  const organizationId = ids.next();
  const relay = createRelay({
    db: testDatabase.database.withTables(),
    subscribers: [countDocuments],
    clock: systemClock,
    ids,
    config: eventsConfig.parse({ intervalMs: 20 }),
    metrics: createMetrics({ processMetrics: false }),
    onError: (error) => {
      throw error;
    },
  });
  relay.start();
  const indexed = () => ({ id: ids.next(), organizationId, type, data: {} });
  await db.inOrganization(organizationId, (transaction) =>
    recordEvents(transaction, [indexed(), indexed(), indexed()]),
  );
  const counted = () =>
    db.inOrganization(organizationId, (transaction) =>
      transaction.selectFrom('test_counts').select('documents').execute(),
    );
  await expect.poll(counted, { timeout: 5000 }).toEqual([{ documents: 3 }]);
  await relay.close();
});
