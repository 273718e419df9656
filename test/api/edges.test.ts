/** Input at the edge of what can be stored, and what happens when things meet at the same moment. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UploadReply } from '#modules/corpus/contract.ts';
import type { SearchReply } from '#modules/retrieval/contract.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const upload = (query: Record<string, string>, text = '# Pump\n\nThe pump runs.') =>
  app.call('POST', `/api/v1/documents?${new URLSearchParams(query)}`, { body: Buffer.from(text) });

async function createCollection(name: string, session?: string): Promise<string> {
  const reply = await app.call('POST', '/api/v1/collections', { session, body: { name } });
  expect(reply.status, reply.text).toBe(201);
  return (reply.json as { id: string }).id;
}

describe('the character NUL', () => {
  test.each([
    ['a file name', () => upload({ filename: 'a\0.md' })],
    ['an external id', () => upload({ filename: 'a.md', external_id: 'a\0b' })],
    ['a filter', () => app.call('GET', '/api/v1/documents?external_id=%00')],
    ['a collection', () => app.call('POST', '/api/v1/collections', { body: { name: 'a\0b' } })],
    ['a question', () => app.call('POST', '/api/v1/chat/message', { body: { message: 'what is \0 here?' } })],
  ])('in %s is refused as bad input', async (_, send) => {
    expect((await send()).json).toMatchObject({ status: 400, code: 'TEXT_INVALID' });
  });
});

describe('a name', () => {
  /** No two alike, so that nothing can be compressed. */
  const ideographs = (count: number) =>
    Array.from({ length: count }, (_, index) => String.fromCharCode(0x4e00 + ((index * 7919) % 20_000))).join('');

  test('as long as an index entry can hold is taken', async () => {
    const reply = await upload({ filename: 'a.md', external_id: `${ideographs(666)}ab` });
    expect(reply.status, reply.text).toBe(201);
  });

  test.each([
    ['external_id', { filename: 'a.md', external_id: `${ideographs(666)}abc` }],
    ['filename', { filename: `${ideographs(666)}.md` }],
  ])('longer than that is refused by its bytes: %s', async (field, query) => {
    const reply = await upload(query);
    expect(reply.json).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect(reply.text).toContain(`query.${field}`);
  });
});

test('an id in capitals is the same id', async () => {
  const id = await createCollection('capitals');
  const reply = await app.call('GET', `/api/v1/search?query=pump&collection_id=${id.toUpperCase()}`);
  expect(reply.status, reply.text).toBe(200);
});

test('an upload into a collection that is deleted at the same moment is refused or kept, never half of both', async () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const id = await createCollection(`race-${round}`);
    const sending = upload({ filename: 'a.txt', collection_id: id }, 'The text of it.');
    await new Promise((resolve) => setTimeout(resolve, 2 + (round % 12)));
    const [sent, deleted] = await Promise.all([sending, app.call('DELETE', `/api/v1/collections/${id}`)]);
    outcomes.add(`${sent.status} ${deleted.status}`);
  }
  expect([...outcomes].filter((outcome) => outcome !== '404 204' && outcome !== '201 409')).toEqual([]);
});

test('a search over a thousand cold collections leaves the database to others, and ends', async () => {
  const organization = await app.app.identity.createOrganization('many');
  const session = await app.signIn(organization.id);
  for (let number = 0; number < 1000; number += 1) await createCollection(`cold-${number}`, session);
  const searching = app.call('GET', '/api/v1/search?query=pump', { session });
  const others = await Promise.all(Array.from({ length: 20 }, () => app.call('GET', '/api/v1/documents')));
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  const first = await searching;
  expect(['SEARCH_WARMING', undefined], first.text).toContain((first.json as { code?: string }).code);
  await expect
    .poll(async () => (await app.call('GET', '/api/v1/search?query=pump', { session })).status, { timeout: 60_000 })
    .toBe(200);
}, 120_000);

test('the position of a search names no row of another organization', async () => {
  const session = await app.signIn((await app.app.identity.createOrganization('neighbour')).id);
  const foreign = await app.call('POST', '/api/v1/documents?filename=n.md', {
    session,
    body: Buffer.from('# N\n\nText.'),
  });
  const { position } = foreign.json as UploadReply;
  const mine = await app.call('GET', `/api/v1/search?query=pump&at_least=${position}`);
  expect(mine.status).toBe(200);
  const changes = await app.testDatabase.adminSql<{ id: string }>('select id from corpus_changes');
  const shown = (mine.json as SearchReply).position.split('.')[1] ?? '';
  const id = Buffer.from(shown, 'base64url').toString('hex');
  expect(changes.map((row) => row.id.replaceAll('-', ''))).not.toContain(id);
  expect(id).toMatch(/^f{32}$/);
});

describe('what the scheduler removes', () => {
  test('is the old part of the change log, and not the young', async () => {
    const { testDatabase } = app;
    await testDatabase.adminSql(`insert into corpus_changes (organization_id, id, collection_id, document_id, kind, created_at)
      select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'upsert', now() - interval '31 days'
      from generate_series(1, 10005)`);
    const young = `select count(*)::int as count from corpus_changes where created_at > now() - interval '30 days'`;
    const before = await testDatabase.adminSql(young);
    expect(await app.app.corpus.pruneChanges()).toBe(10_005);
    expect(await testDatabase.adminSql(young)).toEqual(before);
    expect(await testDatabase.adminSql('select count(*)::int as count from corpus_changes')).toEqual(before);
  });

  test('are expired credentials, and no others', async () => {
    const { testDatabase, organization } = app;
    await app.signIn(organization.id);
    await app.app.identity.createSignInToken(organization.id);
    await testDatabase.adminSql(`update identity_sessions set expires_at = now() - interval '1 second'`);
    await testDatabase.adminSql(`update identity_sign_in_tokens set expires_at = now() - interval '1 second'`);
    await app.app.identity.createSignInToken(organization.id);
    const session = await app.signIn(organization.id);
    expect(await app.app.identity.removeExpired()).toBeGreaterThanOrEqual(3);
    expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(200);
    const left = await testDatabase.adminSql(
      'select count(*)::int as count from identity_sign_in_tokens where used_at is null',
    );
    expect(left).toEqual([{ count: 1 }]);
  });
});

test('a session that another process closed is refused within a second', async () => {
  const session = await app.signIn(app.organization.id);
  expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(200);
  await app.testDatabase.adminSql('delete from identity_sessions');
  await new Promise((resolve) => setTimeout(resolve, 1050));
  expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(401);
});

test('a document is found by its vector as well as by its words', async () => {
  const sent = await upload({ filename: 'vector.md' }, '# Weir\n\nThe weir holds the water back.');
  const { position } = sent.json as UploadReply;
  const found = await app.call('GET', `/api/v1/search?query=weir%20water&at_least=${position}`);
  const [passage] = (found.json as SearchReply).passages;
  expect(Object.keys(passage?.legs ?? {}).toSorted()).toEqual(['keyword', 'vector']);
});

test('an expired session is refused, before anybody removes it', async () => {
  const session = await app.signIn(app.organization.id);
  await app.testDatabase.adminSql(`update identity_sessions set expires_at = now() - interval '1 second'`);
  expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(401);
});

test('a text is given in pieces of 200,000 characters at most', async () => {
  const sent = await upload({ filename: 'long.txt' }, 'A pump runs. '.repeat(20_000));
  const { document_id } = sent.json as UploadReply;
  const reply = await app.call('GET', `/api/v1/documents/${document_id}/text?start=7`);
  expect(reply.json).toMatchObject({ start: 7, end: 200_007 });
});

test('a wrong bearer token is nobody, also beside a valid session', async () => {
  const session = await app.signIn(app.organization.id);
  for (const authorization of [
    'Bearer wrong-token',
    'Bearer ',
    'Basic b3BlcmF0b3I6',
    'Bearer operator-token-of-a-tes',
  ]) {
    const reply = await app.call('GET', '/api/v1/documents', { session: null, headers: { authorization } });
    expect(reply.status, authorization).toBe(401);
  }
  const headers = { authorization: 'Bearer wrong-token' };
  expect((await app.call('GET', '/api/v1/documents', { session, headers })).status).toBe(401);
});

test('an event is in the outbox for every change of a document', async () => {
  const sent = await upload({ filename: 'event.md' });
  const { document_id } = sent.json as UploadReply;
  await app.call('DELETE', `/api/v1/documents/${document_id}`);
  const rows = await app.testDatabase.adminSql(
    `select type from platform_outbox where data->>'document_id' = $1 order by id`,
    [document_id],
  );
  expect(rows.map(({ type }) => type)).toEqual([
    'document.classified',
    'document.chunked',
    'document.embedded',
    'document.indexed',
    'document.deleted',
  ]);
});
