/** What the scheduler does without being asked, seen in the database. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scheduledTasks, startScheduler } from '#app/scheduler.ts';
import { silentLogger } from '#platform/telemetry/logger.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const count = async (sql: string) =>
  Number((await app.testDatabase.adminSql<{ count: string }>(`select count(*) as count ${sql}`))[0]?.count);
const tasks = () => scheduledTasks(app.app, app.testDatabase.database);

async function run(name: string): Promise<void> {
  const task = tasks().find((one) => one.name === name);
  if (task === undefined) throw new Error(`There is no task ${name}.`);
  await task.run(new AbortController().signal);
}

test('there is a task for everything that grows or must be ready ahead', () => {
  expect(tasks().map(({ name }) => name)).toEqual([
    'make the coming partitions',
    'look at the sources that are due',
    'give lost work a job',
    'bring collections into the present embedding space',
    'sweep the object store',
    'forget ended tasks',
    'tidy removed sources',
    'remove expired credentials',
    'remove expired idempotency keys',
    'prune the outbox',
    'remove old deliveries',
    'prune the change log',
  ]);
});

test('old events and changes are removed once they are delivered, young ones are kept', async () => {
  await app.call('POST', '/api/v1/documents?filename=old.md', { body: Buffer.from('# Old\n\nText.') });
  app.app.relay.start();
  const undelivered = 'from platform_outbox where id not in (select event_id from platform_event_log)';
  await expect.poll(() => count(undelivered), { timeout: 10_000 }).toBe(0);
  for (const table of ['platform_outbox', 'platform_event_log', 'corpus_changes']) {
    await app.testDatabase.adminSql(`update ${table} set created_at = now() - interval '31 days'`);
  }
  await app.call('POST', '/api/v1/documents?filename=young.md', { body: Buffer.from('# Young\n\nText.') });
  await app.app.relay.close();
  for (const [table, task] of [
    ['platform_outbox', 'prune the outbox'],
    ['corpus_changes', 'prune the change log'],
  ] as const) {
    const old = `from ${table} where created_at < now() - interval '30 days'`;
    const young = `from ${table} where created_at > now() - interval '1 day'`;
    const before = { old: await count(old), young: await count(young) };
    expect(Math.min(before.old, before.young), table).toBeGreaterThan(0);
    await run(task);
    expect({ old: await count(old), young: await count(young) }, table).toEqual({ ...before, old: 0 });
  }
  expect(await count('from corpus_documents')).toBe(2);
});

test('however many events are old, one turn removes them all', async () => {
  const many = 25_000;
  await app.testDatabase.adminSql(`
    with made as (
      insert into platform_outbox (organization_id, id, type, data)
      select '${app.organization.id}', gen_random_uuid(), 'document.deleted', '{}' from generate_series(1, ${many})
      returning organization_id, id)
    insert into platform_event_log (organization_id, position, sequence, event_id, created_at)
    select organization_id, -row_number() over (), -row_number() over (), id, now() - interval '60 days' from made;
    insert into platform_inbox (organization_id, subscriber, event_id, received_at)
    select organization_id, 'test.old', event_id, created_at from platform_event_log where position < 0`);
  await run('prune the outbox');
  expect(await count('from platform_event_log where position < 0')).toBe(0);
  expect(await count("from platform_outbox where type = 'document.deleted'")).toBe(0);
  expect(await count("from platform_inbox where subscriber = 'test.old'")).toBe(0);
});

test('expired credentials are removed, valid ones are kept', async () => {
  const session = await app.signIn(app.organization.id);
  await app.signIn(app.organization.id);
  await app.testDatabase.adminSql(
    `update identity_sessions set expires_at = now() - interval '1 second'
      where id = (select max(id::text)::uuid from identity_sessions)`,
  );
  await run('remove expired credentials');
  expect(await count('from identity_sessions')).toBe(1);
  expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(200);
});

test('partitions of the coming months are made when they are missing', async () => {
  const partitions = `from pg_inherits where inhparent = 'chat_messages'::regclass`;
  const before = await count(partitions);
  const [{ name } = { name: '' }] = await app.testDatabase.adminSql<{ name: string }>(
    `select max(inhrelid::regclass::text) as name ${partitions}`,
  );
  await app.testDatabase.adminSql(`drop table ${name}`);
  await run('make the coming partitions');
  expect(await count(partitions)).toBe(before);
});

test('a failing task does not keep the others from running, and stopping waits for what runs', async () => {
  const ran: string[] = [];
  const scheduler = startScheduler(
    [
      { name: 'broken', everyMs: 60_000, run: async () => Promise.reject(new Error('no')) },
      {
        name: 'slow',
        everyMs: 60_000,
        async run() {
          await new Promise((resolve) => setTimeout(resolve, 30));
          ran.push('slow');
        },
      },
    ],
    silentLogger,
  );
  await scheduler.close();
  expect(ran).toEqual(['slow']);
});
