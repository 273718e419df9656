import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
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

const read = (taskId: string) => place.ingestion.tasks.read(place.organizationId, taskId);

test('the tasks that brought the documents in keep count of them', async () => {
  const first = await place.tell(sourceId, { 'a.md': 'A.', 'b.md': 'B.' });
  await place.work();
  const config = { ...place.config, chunker: 'fixed' as const };
  const next = createIngestion({ ...place.dependencies, config });
  const { taskId } = await next.reprocess(place.organizationId, sourceId);
  expect(await place.item('a.md')).toMatchObject({ state: 'pending', outcome: null });
  expect(await read(first)).toMatchObject({ state: 'completed', completed: 2, pending: 0 });
  place.parsed.length = 0;
  await place.work({ config });
  expect(place.parsed.toSorted()).toEqual(['a.md', 'b.md']);
  expect(await read(taskId)).toMatchObject({ state: 'completed', completed: 2 });
  expect(await read(first)).toMatchObject({ state: 'completed', completed: 2 });
});

test('a task that cannot be filled to its end ends with the reason', async () => {
  await place.tell(sourceId, { 'a.md': 'A.' });
  await place.work();
  const jobs = { send: async () => Promise.reject(new AppError('DATABASE_UNAVAILABLE', 'unavailable', 'Away.')) };
  const config = { ...place.config, chunker: 'fixed' as const };
  const broken = createIngestion({ ...place.dependencies, jobs, config });
  await expect(broken.reprocess(place.organizationId, sourceId)).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
  });
  const { items } = await place.ingestion.tasks.list(place.organizationId, { sourceId, limit: 1 });
  expect(items).toMatchObject([{ kind: 'reprocess', state: 'failed', failureCode: 'DATABASE_UNAVAILABLE' }]);
});

test('documents whose format is not read any more stay as they are, and the task says so', async () => {
  await place.tell(sourceId, { 'a.md': 'A.', 'b.txt': 'B.' });
  await place.work();
  const { parser } = place.dependencies;
  const formatOf: typeof parser.formatOf = (filename) => {
    if (filename.endsWith('.md')) return parser.formatOf(filename);
    throw new AppError('FORMAT_UNSUPPORTED', 'unsupported', 'That ending is not supported.');
  };
  const config = { ...place.config, chunker: 'fixed' as const };
  const next = createIngestion({ ...place.dependencies, config, parser: { ...parser, formatOf } });
  const { taskId } = await next.reprocess(place.organizationId, sourceId);
  await place.work({ config });
  expect(await place.item('b.txt')).toMatchObject({ state: 'completed' });
  expect(await read(taskId)).toMatchObject({ completed: 1, failureCode: 'REPROCESS_UNSUPPORTED' });
});
