import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OutboxTable } from '#platform/events/index.ts';
import { createIdempotency, type Idempotency } from '#platform/idempotency/idempotency.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let nexus: TestApp;
let idempotency: Idempotency;

beforeAll(async () => {
  nexus = await openTestApp();
  idempotency = createIdempotency({
    db: nexus.testDatabase.database.withTables(),
    config: { keepHours: 24, maxReplyBytes: 100_000 },
    lockMs: 30,
  });
}, 60_000);
afterAll(() => nexus.close());

const post = (name: string, key: string) =>
  nexus.call('POST', '/api/v1/collections', { body: { name }, headers: { 'idempotency-key': key } });

const keyRows = () => nexus.testDatabase.adminSql('select * from platform_idempotency_keys');

describe('a request with an Idempotency-Key', () => {
  test('takes effect once and is answered with the same bytes', async () => {
    const key = randomUUID();
    const first = await post('once', key);
    const again = await post('once', key);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  test('is carried out once when it comes twenty times at the same moment', async () => {
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 20 }, () => post('together', key)));
    const done = replies.filter(({ status }) => status === 201);
    expect(done.length).toBeGreaterThan(0);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const reply of replies.filter(({ status }) => status !== 201)) {
      expect(reply).toMatchObject({ status: 409, json: { code: 'IDEMPOTENCY_IN_FLIGHT' } });
      expect(reply.headers['retry-after']).toBe('1');
    }
  });

  test('is refused when the key came with another body, query or route', async () => {
    const key = randomUUID();
    await post('first body', key);
    expect(await post('other body', key)).toMatchObject({ status: 422, json: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    const upload = await nexus.call('POST', '/api/v1/documents?filename=a.txt', {
      body: Buffer.from('text'),
      headers: { 'idempotency-key': key },
    });
    expect(upload).toMatchObject({ status: 422, json: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  test('repeats a refusal for good too', async () => {
    const name = `taken ${randomUUID()}`;
    await post(name, randomUUID());
    const missing = (key: string) =>
      nexus.call('DELETE', `/api/v1/documents/${missingId}`, { headers: { 'idempotency-key': key } });
    const missingId = randomUUID();
    const key = randomUUID();
    const first = await missing(key);
    expect(first).toMatchObject({ status: 404 });
    expect(await missing(key)).toMatchObject({ status: 404, text: first.text });
  });

  test.each(['short', 'has a space', 'ümlaut-key', 'x'.repeat(256)])('refuses the key %j', async (key) => {
    expect(await post('bad key', key)).toMatchObject({ status: 400, json: { code: 'IDEMPOTENCY_KEY_INVALID' } });
  });

  test('uploads once', async () => {
    const key = randomUUID();
    const upload = () =>
      nexus.call('POST', '/api/v1/documents?filename=harbour.md', {
        body: Buffer.from('# Harbour\n\nThe harbour closes at nine.\n'),
        headers: { 'idempotency-key': key },
      });
    const first = await upload();
    expect(first.status).toBe(201);
    expect(await upload()).toMatchObject({ status: 201, text: first.text });
  });

  test('of another organization is another key', async () => {
    const key = randomUUID();
    const other = await nexus.app.identity.createOrganization('Other');
    const session = await nexus.signIn(other.id);
    const ours = await post('same name', key);
    const theirs = await nexus.call('POST', '/api/v1/collections', {
      body: { name: 'same name' },
      session,
      headers: { 'idempotency-key': key, 'sec-fetch-site': 'same-origin' },
    });
    expect([ours.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.text).not.toBe(ours.text);
  });

  test('to stream an answer repeats the whole stream, and asks no second question', async () => {
    const key = randomUUID();
    const ask = () =>
      nexus.call('POST', '/api/v1/chat/message', {
        body: { message: 'When does the harbour close?', stream: true },
        headers: { 'idempotency-key': key },
      });
    const first = await ask();
    expect(first.text).toContain('event: ');
    expect(await ask()).toMatchObject({ status: 200, text: first.text });
    const messages = await nexus.testDatabase.adminSql("select * from chat_messages where role = 'user'");
    expect(messages).toHaveLength(1);
  });

  test('leaves neither key nor reply readable in the database', async () => {
    const key = `plain-${randomUUID()}`;
    await post('words of the reply', key);
    const stored = JSON.stringify(await keyRows());
    const bytes = Buffer.concat((await keyRows()).map((row) => (row.reply as Buffer | null) ?? Buffer.alloc(0)));
    expect(stored).not.toContain(key);
    expect(bytes.includes('words of the reply')).toBe(false);
  });
});

describe('a request that was cut off', () => {
  const request = (over: Record<string, unknown> = {}) => ({
    organizationId: nexus.organization.id,
    subjectId: 'tester',
    key: randomUUID(),
    fingerprint: Buffer.alloc(32, 1),
    mayRepeat: false,
    ...over,
  });
  const lapse = () => new Promise((resolve) => setTimeout(resolve, 60));
  const db = () => nexus.testDatabase.database.withTables<{ platform_outbox: OutboxTable }>();
  const change = () => nexus.app.corpus.createCollection(nexus.organization.id, `effect ${randomUUID()}`);

  async function admit(asked: ReturnType<typeof request>) {
    const found = await idempotency.admit(asked);
    if ('reply' in found) throw new Error('It was answered from what is kept.');
    return found.admission;
  }

  test('before it changed anything is carried out again', async () => {
    const asked = request();
    await (await admit(asked)).run(async () => db().inOrganization(asked.organizationId, async () => undefined));
    await expect(idempotency.admit(asked)).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
    await lapse();
    await (await admit(asked)).run(change);
  });

  test('after its change is not, and says so', async () => {
    const asked = request();
    await (await admit(asked)).run(change);
    await lapse();
    await expect(idempotency.admit(asked)).rejects.toMatchObject({ code: 'IDEMPOTENCY_OUTCOME_UNKNOWN' });
  });

  test('after its change is carried out again where that has no second effect', async () => {
    const asked = request({ mayRepeat: true });
    await (await admit(asked)).run(change);
    await lapse();
    await (await admit(asked)).run(change);
  });

  test('and still goes on cannot commit any more once another has its place', async () => {
    const asked = request();
    const slow = await admit(asked);
    await lapse();
    const second = await admit(asked);
    await expect(slow.run(change)).rejects.toMatchObject({ code: 'IDEMPOTENCY_LOCK_LOST' });
    await second.run(change);
    await second.keep({ status: 201, headers: {}, cookies: [], body: 'second' });
    await slow.keep({ status: 201, headers: {}, cookies: [], body: 'slow' });
    expect(await idempotency.admit(asked)).toEqual({
      reply: { status: 201, headers: {}, cookies: [], body: 'second' },
    });
  });

  test('never while it is still carried out, however long that takes', async () => {
    const asked = request();
    const slow = await admit(asked);
    await slow.run(async () => {
      await lapse();
      await expect(idempotency.admit(asked)).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_FLIGHT' });
      await change();
    });
  });

  test('by a failure frees the key at once', async () => {
    const asked = request();
    await (await admit(asked)).release();
    await (await admit(asked)).run(change);
  });
});

test('a reply that was moved to another organization in the database is not believed', async () => {
  const { id: otherId } = await nexus.app.identity.createOrganization('Moved');
  const asked = {
    organizationId: nexus.organization.id,
    subjectId: 'tester',
    key: randomUUID(),
    fingerprint: Buffer.alloc(32, 1),
    mayRepeat: false,
  };
  const found = await idempotency.admit(asked);
  if ('reply' in found) throw new Error('It was answered from what is kept.');
  await found.admission.keep({ status: 201, headers: {}, cookies: [], body: 'ours' });
  expect(await idempotency.admit(asked)).toMatchObject({ reply: { body: 'ours' } });
  const columns = 'key_hash, fingerprint, locked_until, status, reply, expires_at';
  await nexus.testDatabase.adminSql(
    `insert into platform_idempotency_keys (organization_id, ${columns})
     select '${otherId}', ${columns} from platform_idempotency_keys where organization_id = '${nexus.organization.id}' and reply is not null`,
  );
  await expect(idempotency.admit({ ...asked, organizationId: otherId })).rejects.toMatchObject({
    code: 'BLOB_DAMAGED',
  });
});

test('an expired key counts as new, and is pruned', async () => {
  const key = randomUUID();
  await post(`expires ${key}`, key);
  await nexus.testDatabase.adminSql("update platform_idempotency_keys set expires_at = now() - interval '1 second'");
  expect(await post(`other ${key}`, key)).toMatchObject({ status: 201 });
  const before = (await keyRows()).length;
  expect(await idempotency.prune()).toBe(before - 1);
  expect(await keyRows()).toHaveLength(1);
});
