import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../support/app.ts';

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-api-sources-')));
let app: TestApp;
let session: string;

beforeAll(async () => {
  app = await openTestApp();
  session = await app.signIn(app.organization.id);
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const create = (body: unknown, options = {}) => app.call('POST', '/api/v1/sources', { body, ...options });

describe('sources over HTTP', () => {
  test('are made, listed, shown, paused and removed', async () => {
    const made = await create({ kind: 'api', name: 'wiki' });
    expect(made).toMatchObject({
      status: 201,
      json: { kind: 'api', state: 'active', coverage: 0, next_sync_at: null },
    });
    const { id } = made.json as { id: string };
    expect(await app.call('GET', '/api/v1/sources?kind=api')).toMatchObject({
      json: { items: [{ id }], next_cursor: null },
    });
    expect(await app.call('POST', `/api/v1/sources/${id}/pause`)).toMatchObject({ json: { state: 'paused' } });
    expect(await app.call('POST', `/api/v1/sources/${id}/resume`)).toMatchObject({ json: { state: 'active' } });
    expect(await app.call('DELETE', `/api/v1/sources/${id}`)).toMatchObject({ status: 202 });
    expect(await app.call('GET', `/api/v1/sources/${id}`)).toMatchObject({
      status: 404,
      json: { code: 'SOURCE_NOT_FOUND' },
    });
  });

  test('take pushed bytes, answer 202 and list the item with its task', async () => {
    const { id } = (await create({ kind: 'manual', name: 'notes' })).json as { id: string };
    const put = await app.app.server.inject({
      method: 'PUT',
      url: `/api/v1/sources/${id}/documents?external_id=thought`,
      headers: { authorization: 'Bearer operator-token-of-a-test', 'content-type': 'application/octet-stream' },
      payload: Buffer.from('A thought about harbours.'),
    });
    expect(put.statusCode).toBe(202);
    const { task_id: taskId, item_id: itemId } = put.json();
    const items = await app.call('GET', `/api/v1/sources/${id}/items`);
    expect(items.json).toMatchObject({ items: [{ id: itemId, task_id: taskId, filename: 'thought.md' }] });
    const history = await app.call('GET', `/api/v1/sources/${id}/history`);
    expect(history.json).toMatchObject({ items: [{ id: taskId, kind: 'upload' }] });
    const taken = await app.call('DELETE', `/api/v1/sources/${id}/documents?external_id=thought`);
    expect(taken.status).toBe(202);
  });

  test('name a folder only below a root, except at the command line', async () => {
    const settings = { folder };
    expect(await create({ kind: 'files', name: 'mine', settings }, { session })).toMatchObject({
      status: 403,
      json: { code: 'SOURCE_FOLDER_REFUSED' },
    });
    const byOperator = await create({ kind: 'files', name: 'mine', settings });
    expect(byOperator).toMatchObject({ status: 201, json: { settings: { folder, is_allowed_by_operator: true } } });
    const { id } = byOperator.json as { id: string };
    const sync = await app.call('POST', `/api/v1/sources/${id}/sync`, { body: {} });
    expect(sync).toMatchObject({ status: 202, json: { task_id: expect.any(String) } });
  });

  test('include the built-in one of uploads, which only says how it is used', async () => {
    const url = '/api/v1/documents?filename=a.md&wait=false';
    expect((await app.call('POST', url, { body: Buffer.from('# A\n\nText.') })).status).toBe(202);
    const { items } = (await app.call('GET', '/api/v1/sources?kind=uploads')).json as { items: { id: string }[] };
    const id = items[0]?.id;
    const document = `/api/v1/sources/${id}/documents?external_id=x`;
    for (const reply of [
      await app.call('POST', `/api/v1/sources/${id}/sync`, { body: {} }),
      await app.call('POST', `/api/v1/sources/${id}/pause`),
      await app.call('PATCH', `/api/v1/sources/${id}`, { body: { name: 'mine' } }),
      await app.call('PUT', document, { body: Buffer.from('x') }),
      await app.call('DELETE', document),
      await app.call('DELETE', `/api/v1/sources/${id}`),
    ]) {
      expect(reply).toMatchObject({ status: 409, json: { code: 'SOURCE_BUILT_IN' } });
    }
  });

  test('tell nobody but the operator whether a folder elsewhere exists', async () => {
    const ask = async (asked: string) => {
      const { status, text } = await create({ kind: 'files', name: 'probe', settings: { folder: asked } }, { session });
      return [status, text.replaceAll(asked, 'FOLDER').replace(/"request_id":"[^"]*"/, '')];
    };
    expect(await ask('/etc')).toEqual(await ask('/no/such/folder'));
  });

  test('refuse unknown fields and what belongs to another organization', async () => {
    expect(await create({ kind: 'api', name: 'x', colour: 'red' })).toMatchObject({ status: 400 });
    expect(await create({ kind: 'api', name: 'x', settings: { folder } })).toMatchObject({
      json: { code: 'SOURCE_SETTINGS_INVALID' },
    });
    const { id } = (await create({ kind: 'api', name: 'ours' })).json as { id: string };
    const collection = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(await create({ kind: 'api', name: 'lost', collection_id: collection })).toMatchObject({ status: 404 });
    const other = await app.app.identity.ensureFirstOrganization();
    expect(other.id).toBe(app.organization.id);
    expect(await app.call('GET', `/api/v1/sources/${id}`, { session: null })).toMatchObject({ status: 401 });
  });
});
