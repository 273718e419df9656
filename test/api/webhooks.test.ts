/** Webhooks as a program outside makes, watches and repairs them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({
    settings: { 'messaging.webhooks.allowPrivateAddresses': true, 'messaging.webhooks.intervalMs': 50 },
  });
});
afterAll(() => app.close());

const path = '/api/v1/webhooks';
const make = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  app.call('POST', path, { body: { url: 'http://127.0.0.1:9/', ...body }, headers });

test('the secret is shown when it is made and when it is changed, and nowhere else', async () => {
  const key = { 'idempotency-key': 'make-once' };
  const made = await make({ name: 'once' }, key);
  expect(made.status, made.text).toBe(201);
  const { id, secret } = made.json as { id: string; secret: string };
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  // Who lost the answer may have it again by the key of the request.
  expect((await make({ name: 'once' }, key)).json).toEqual(made.json);
  const rotated = await app.call('POST', `${path}/${id}/rotate-secret`, { body: {} });
  const { secret: next } = rotated.json as { secret: string };
  expect(next).not.toBe(secret);
  const shown = [
    await app.call('GET', path),
    await app.call('GET', `${path}/${id}`),
    await app.call('PATCH', `${path}/${id}`, { body: { name: 'other' } }),
    await app.call('GET', `${path}/${id}/deliveries`),
  ];
  for (const reply of shown) {
    expect(reply.status).toBe(200);
    expect(reply.text).not.toContain('whsec_');
    expect(reply.text).not.toContain('"secret"');
  }
  const stored = JSON.stringify(await app.testDatabase.adminSql('select * from messaging_webhooks'));
  for (const one of [secret, next]) {
    const bytes = Buffer.from(one.slice('whsec_'.length), 'base64');
    expect(stored).not.toContain(one);
    expect(stored).not.toContain(JSON.stringify(bytes).slice(1, -1));
  }
});

test('an uploaded document is told, signed, and the delivery is listed', async () => {
  const bodies: { body: string; headers: Record<string, string> }[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    bodies.push({ body: Buffer.concat(pieces).toString(), headers: request.headers as Record<string, string> });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { id, secret } = (await make({ name: 'told', url, types: ['document.indexed'] })).json as Record<
    string,
    string
  >;
  app.app.relay.start();
  app.app.messaging.start();
  try {
    await app.call('POST', '/api/v1/documents?filename=told.md', { body: Buffer.from('# Told\n\nA text.') });
    await expect.poll(() => bodies.length, { timeout: 10_000 }).toBe(1);
    const [{ body, headers } = { body: '', headers: {} }] = bodies;
    expect(new Webhook(secret ?? '').verify(body, headers)).toMatchObject({ type: 'document.indexed' });
    const deliveries = () => app.call('GET', `${path}/${id}/deliveries?state=delivered`);
    await expect
      .poll(async () => (await deliveries()).json)
      .toMatchObject({ items: [{ attempts: 1, last_status: 200 }] });
    expect((await app.call('POST', `${path}/${id}/test`)).json).toMatchObject({ delivered: true, status: 200 });
  } finally {
    await app.app.messaging.close();
    await app.app.relay.close();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('what cannot be used is refused with the reason', async () => {
  const codes = async (body: Record<string, unknown>) => {
    const { status, json } = await make(body);
    return [status, (json as { code: string }).code];
  };
  expect(await codes({ name: 'ftp', url: 'ftp://example.com/' })).toEqual([400, 'WEBHOOK_URL_REFUSED']);
  expect(await codes({ name: 'user', url: 'https://user:secret@example.com/' })).toEqual([400, 'WEBHOOK_URL_REFUSED']);
  expect(await codes({ name: 'type', types: ['no.such'] })).toEqual([400, 'WEBHOOK_TYPE_UNKNOWN']);
  expect(await codes({ name: 'told' })).toEqual([409, 'WEBHOOK_NAME_TAKEN']);
  expect(await codes({ name: 'x', colour: 'red' })).toEqual([400, 'REQUEST_INVALID']);
  const nobody = await app.call('GET', path, { session: null });
  expect(nobody.status).toBe(401);
});

test('the schemas of events are public and name every type', async () => {
  const { json, status } = await app.call('GET', '/events/schemas', { session: null });
  expect(status).toBe(200);
  const types = (json as { events: { type: string }[] }).events.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['document.discovered', 'document.indexed', 'webhook.disabled']));
});
