/** The file that a document was sent as: given back while the document lives, gone with it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UploadReply } from '#modules/corpus/contract.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
let kept: string[];
beforeAll(async () => {
  kept = [];
  app = await openTestApp();
});
afterAll(() => app.close());

const page = Buffer.from('<h1>Lighthouse</h1><p>The lamp turns.</p><script>alert(1)</script>');

async function upload(bytes: Buffer, filename = 'light häuser.html'): Promise<UploadReply & { status: number }> {
  const url = `/api/v1/documents?filename=${encodeURIComponent(filename)}`;
  const reply = await app.call('POST', url, { body: bytes });
  return { ...(reply.json as UploadReply), status: reply.status };
}

const fileOf = (id: string, session?: string) => app.call('GET', `/api/v1/documents/${id}/file`, { session });

const originalKeys = async () => {
  const rows = await app.testDatabase.adminSql<{ key: string }>(
    'select original_key as key from ingestion_items where original_key is not null',
  );
  return rows.map(({ key }) => key);
};

test('the file comes back byte by byte, as a download that no browser shows', async () => {
  const { document_id: id } = await upload(page);
  const reply = await fileOf(id);
  expect(reply).toMatchObject({ status: 200, text: page.toString() });
  expect(reply.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': "attachment; filename*=UTF-8''light%20h%C3%A4user.html",
    'x-content-type-options': 'nosniff',
  });
  kept = await originalKeys();
  expect(kept).toHaveLength(1);
});

test('a new version takes the place of the old file', async () => {
  const next = Buffer.from('<h1>Lighthouse</h1><p>The lamp stands still.</p>');
  const { document_id: id, outcome } = await upload(next);
  expect(outcome).toBe('updated');
  expect((await fileOf(id)).text).toBe(next.toString());
  expect(await originalKeys()).toHaveLength(1);
  expect(await originalKeys()).not.toEqual(kept);
});

test('another organization sees neither the document nor its file', async () => {
  const other = await app.app.identity.createOrganization('Other');
  const { document_id: id } = await upload(page, 'own.html');
  expect(await fileOf(id, await app.signIn(other.id))).toMatchObject({
    status: 404,
    json: { code: 'DOCUMENT_NOT_FOUND' },
  });
});

test('a deleted document is gone with its item and file, and the same bytes make it anew', async () => {
  const before = await upload(page, 'gone.html');
  expect(await upload(page, 'gone.html')).toMatchObject({ status: 200, outcome: 'unchanged' });
  const files = (await originalKeys()).length;
  expect((await app.call('DELETE', `/api/v1/documents/${before.document_id}`)).status).toBe(204);
  expect((await fileOf(before.document_id)).status).toBe(404);
  expect(await originalKeys()).toHaveLength(files - 1);
  const [item] = await app.testDatabase.adminSql(
    `select state, document_id from ingestion_items where external_id = 'gone.html'`,
  );
  expect(item).toEqual({ state: 'deleted', document_id: null });
  const again = await upload(page, 'gone.html');
  expect(again).toMatchObject({ status: 201, outcome: 'created' });
  expect((await fileOf(again.document_id)).text).toBe(page.toString());
});

test('a document of which nothing is kept says so', async () => {
  const { document_id: id } = await upload(page, 'lost.html');
  await app.testDatabase.adminSql(`update ingestion_items set original_key = null where document_id = '${id}'`);
  expect(await fileOf(id)).toMatchObject({ status: 404, json: { code: 'ORIGINAL_NOT_KEPT' } });
});
