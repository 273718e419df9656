import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { createIngestion } from '../ingestion.ts';
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

test('a retry tries each document once, however fast they fail again', async () => {
  const { taskId } = await place.intake.openTask(place.organizationId, { sourceId, kind: 'sync' });
  const count = 1500;
  for (let start = 0; start < count; start += 500) {
    const documents = Array.from({ length: 500 }, (_, index) => `${start + index}.pdf`);
    await place.intake.accept(place.organizationId, {
      sourceId,
      taskId,
      documents: documents.map((name) => ({ externalId: name, filename: name, sizeBytes: 10 })),
      removed: [],
    });
  }
  await place.intake.sealTask(place.organizationId, taskId);
  await place.work();
  expect(await place.ingestion.tasks.read(place.organizationId, taskId)).toMatchObject({ failed: count });
  let turns = 0;
  const inOrganization = (async (...given: Parameters<typeof place.db.inOrganization>) => {
    const result = await place.db.inOrganization(...given);
    turns += 1;
    // As fast as the worker can be, and then the test is to end.
    if (turns < 12) await place.work();
    return result;
  }) as typeof place.db.inOrganization;
  const eager = createIngestion({ ...place.dependencies, db: { ...place.db, inOrganization } });
  expect(await eager.tasks.retry(place.organizationId, taskId)).toEqual({ taskId, items: count });
});
