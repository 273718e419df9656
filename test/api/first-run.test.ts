/** Everything is closed until the one-time link is used; it works once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

test('every route but the public ones refuses a caller without a credential', async () => {
  const open: string[] = [];
  for (const route of app.app.server.routes) {
    const url = route.path.replaceAll(/\{[^}]+\}/g, '01890a5d-ac96-774b-bcce-b302099a8057');
    const reply = await app.call(route.method as 'GET', url, { session: null });
    if (reply.status !== 401) open.push(`${route.method} ${route.path} ${reply.status}`);
  }
  expect(open.toSorted()).toEqual([
    'GET /api/v1/events/schemas 200',
    'GET /events/schemas 200',
    'GET /health 200',
    'GET /health/live 200',
    'GET /health/ready 200',
    'GET /health/startup 200',
    'GET /openapi.json 200',
    'POST /api/v1/auth/session 400',
  ]);
});

test('a sign-in token opens a session once', async () => {
  const token = await app.app.identity.createSignInToken(app.organization.id);
  const first = await app.call('POST', '/api/v1/auth/session', { session: null, body: { token } });
  expect(first.status).toBe(201);
  expect(String(first.headers['set-cookie'])).toMatch(/^nexus_session=[^;]+; Path=\/; .*HttpOnly; SameSite=Strict/);
  const second = await app.call('POST', '/api/v1/auth/session', { session: null, body: { token } });
  expect(second.status).toBe(401);
  expect(second.json).toMatchObject({ code: 'SIGN_IN_TOKEN_INVALID' });
});

test('of a hundred uses at the same time exactly one opens a session', async () => {
  const token = await app.app.identity.createSignInToken(app.organization.id);
  const replies = await Promise.all(
    Array.from({ length: 100 }, () => app.call('POST', '/api/v1/auth/session', { session: null, body: { token } })),
  );
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(replies.filter(({ status }) => status === 401)).toHaveLength(99);
});

test('an expired sign-in token is refused', async () => {
  const token = await app.app.identity.createSignInToken(app.organization.id);
  await app.testDatabase.adminSql(`update identity_sign_in_tokens set expires_at = now() - interval '1 second'`);
  const reply = await app.call('POST', '/api/v1/auth/session', { session: null, body: { token } });
  expect(reply.status).toBe(401);
});

test('signing out ends the session', async () => {
  const session = await app.signIn(app.organization.id);
  expect((await app.call('GET', '/api/v1/auth/session', { session })).json).toMatchObject({
    organization: { name: 'default' },
  });
  expect((await app.call('DELETE', '/api/v1/auth/session', { session })).status).toBe(204);
  expect((await app.call('GET', '/api/v1/auth/session', { session })).status).toBe(401);
});

test('two first starts at the same time make one organization', async () => {
  await Promise.all(Array.from({ length: 8 }, () => app.app.identity.ensureFirstOrganization()));
  const rows = await app.testDatabase.adminSql(`select id from identity_organizations where name = 'default'`);
  expect(rows).toHaveLength(1);
});

test('no credential is stored as it is', async () => {
  const token = await app.app.identity.createSignInToken(app.organization.id);
  const session = await app.signIn(app.organization.id);
  const rows = await app.testDatabase.adminSql(
    'select token_hash from identity_sign_in_tokens union all select token_hash from identity_sessions',
  );
  const stored = JSON.stringify(rows.map((row) => (row.token_hash as Buffer).toString('latin1')));
  expect(rows.length).toBeGreaterThan(1);
  expect(stored).not.toContain(token);
  expect(stored).not.toContain(session);
});
