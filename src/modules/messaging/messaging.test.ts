import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import {
  createDeadLetters,
  createRelay,
  describeEventSchemas,
  type EventEnvelope,
  eventsConfig,
  recordEvents,
} from '#platform/events/index.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createHttpWebhookTransport } from './adapters/http-webhook-transport.ts';
import { messagingConfig } from './config.ts';
import { messagingEvents } from './events.ts';
import { createMessaging, type Messaging } from './messaging.ts';
import type { MessagingTables } from './store.ts';

const ids = createIds(systemClock, systemRandom);
const type = 'webhook.disabled';
const closables: (() => Promise<unknown>)[] = [];
const errors: unknown[] = [];

let test: TestDatabase;
let messaging: Messaging;
beforeAll(async () => {
  test = await openTestDatabase();
  messaging = open();
});
afterAll(async () => {
  for (const close of closables.reverse()) await close();
  await test.close();
  expect(errors).toEqual([]);
});

function open(webhooks: Record<string, unknown> = {}, { database }: TestDatabase = test): Messaging {
  const shared = { clock: systemClock, ids, random: systemRandom, metrics: createMetrics({ processMetrics: false }) };
  const config = messagingConfig.parse({
    webhooks: {
      allowPrivateAddresses: true,
      timeoutMs: 400,
      intervalMs: 25,
      firstRetryMs: 20,
      longestRetryMs: 100,
      ...webhooks,
    },
  });
  const made = createMessaging({
    ...shared,
    db: database.withTables(),
    config,
    fileKey: new Secret(Buffer.alloc(32, 7).toString('base64')),
    transport: createHttpWebhookTransport(config.webhooks),
    schemas: describeEventSchemas([messagingEvents]),
    userAgent: 'Nexus/test',
    onError: (error) => errors.push(error),
  });
  const subscribers = [made.subscriber];
  const opened = made.withDeadLetters(createDeadLetters(database.withTables(), subscribers));
  const relay = createRelay({
    ...shared,
    db: database.withTables(),
    subscribers,
    config: eventsConfig.parse({ intervalMs: 25 }),
    onError: (error) => errors.push(error),
  });
  relay.start();
  opened.start();
  closables.push(opened.close, relay.close);
  return opened;
}

type Received = { headers: IncomingHttpHeaders; body: string; envelope: EventEnvelope };

/** A receiver that notes what it gets and answers what it is told. */
async function receive(answer: (nth: number, response: ServerResponse, received: Received) => void) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const entry = { headers: request.headers, body, envelope: JSON.parse(body) as EventEnvelope };
    received.push(entry);
    answer(received.length, response, entry);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closables.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const ok = (_nth: number, response: ServerResponse) => void response.writeHead(204).end();

async function happen(organizationId: string, count: number, { database }: TestDatabase = test): Promise<string[]> {
  const events = Array.from({ length: count }, (_, number) => ({
    id: ids.next(),
    organizationId,
    type,
    data: { webhook_id: ids.next(), name: `n${number}`, reason: 'A test.', last_status: null },
  }));
  await database
    .withTables<MessagingTables>()
    .inOrganization(organizationId, (transaction) => recordEvents(transaction, events));
  return events.map(({ id }) => id);
}

const hook = (url: string, more: Record<string, unknown> = {}) => ({
  name: `hook ${ids.next()}`,
  url,
  types: null,
  max_concurrent: 1,
  ...more,
});
const all = { state: undefined, beforeId: undefined, limit: 100 };

describe('webhooks', () => {
  it('are told of every event in order, signed, with its CloudEvents attributes', async () => {
    const organizationId = ids.next();
    const { received, url } = await receive(ok);
    const { webhook, secret } = await messaging.createWebhook(organizationId, hook(url));
    const sent = await happen(organizationId, 12);
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(12);
    expect(received.map(({ envelope }) => envelope.id)).toEqual(sent);
    expect(received.map(({ envelope }) => envelope.position)).toEqual(sent.map((_, index) => index + 1));
    for (const { body, headers } of received) {
      const verified = new Webhook(secret).verify(body, headers as Record<string, string>) as EventEnvelope;
      expect(headers['webhook-id']).toBe(verified.id);
      expect(headers).toMatchObject({
        'ce-id': verified.id,
        'ce-type': type,
        'ce-source': 'nexus',
        'ce-specversion': '1.0',
        'user-agent': 'Nexus/test',
      });
    }
    await expect
      .poll(async () => (await messaging.listDeliveries(organizationId, webhook.id, all)).map(({ state }) => state))
      .toEqual(Array(12).fill('delivered'));
    expect(Buffer.from(webhook.secret).toString('latin1')).not.toContain(secret.slice(6));
  });

  it('get only the types they asked for', async () => {
    const organizationId = ids.next();
    const { received, url } = await receive(ok);
    await messaging.createWebhook(organizationId, hook(url, { types: ['webhook.tested'] }));
    await messaging.createWebhook(organizationId, hook(url, { types: [type] }));
    await happen(organizationId, 2);
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(2);
    await expect(messaging.createWebhook(organizationId, hook(url, { types: ['no.such'] }))).rejects.toMatchObject({
      code: 'WEBHOOK_TYPE_UNKNOWN',
    });
  });

  it('are tried again after 500, a hang and a redirect, and nothing overtakes', async () => {
    const organizationId = ids.next();
    const { received, url } = await receive((nth, response) => {
      if (nth === 1) response.writeHead(500).end();
      else if (nth === 3) response.writeHead(302, { location: url }).end();
      else if (nth !== 2) response.writeHead(200).end();
    });
    const { webhook } = await messaging.createWebhook(organizationId, hook(url));
    const [first, second] = await happen(organizationId, 2);
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(5);
    expect(received.map(({ envelope }) => envelope.id)).toEqual([first, first, first, first, second]);
    await expect
      .poll(async () => (await messaging.listDeliveries(organizationId, webhook.id, all)).at(-1))
      .toMatchObject({ state: 'delivered', attempts: 4, last_status: 200 });
  });

  it('that are gone (410) are disabled at once, which is an event; a person can make them active and send it again', async () => {
    const organizationId = ids.next();
    let status = 410;
    const { received, url } = await receive((_nth, response) => void response.writeHead(status).end());
    const other = await receive(ok);
    const { webhook } = await messaging.createWebhook(organizationId, hook(url));
    const [first] = await happen(organizationId, 1);
    await expect
      .poll(async () => (await messaging.readWebhook(organizationId, webhook.id)).state, { timeout: 8000 })
      .toBe('disabled');
    const dead = await messaging.listDeliveries(organizationId, webhook.id, { ...all, state: 'dead' });
    expect(dead.map(({ event_id }) => event_id)).toEqual([first]);
    expect(dead[0]?.last_reason).toContain('410');
    expect(JSON.parse(dead[0]?.payload ?? '')).toMatchObject({ id: first });

    const watcher = await messaging.createWebhook(organizationId, hook(other.url));
    await messaging.replay(organizationId, watcher.webhook.id, { position: 1 });
    await expect
      .poll(() => other.received.map(({ envelope }) => envelope.data), { timeout: 8000 })
      .toContainEqual({ webhook_id: webhook.id, name: webhook.name, reason: dead[0]?.last_reason, last_status: 410 });

    status = 200;
    await messaging.changeWebhook(organizationId, webhook.id, { state: 'active' });
    expect(await messaging.retry(organizationId, webhook.id, undefined)).toBe(1);
    await expect.poll(() => received.map(({ envelope }) => envelope.id), { timeout: 8000 }).toEqual([first, first]);
  });

  it('that fail for too long are disabled, with a dead letter', async () => {
    const organizationId = ids.next();
    const impatient = open({ giveUpAfterHours: 0.001, timeoutMs: 200 });
    const { url } = await receive((_nth, response) => void response.writeHead(503).end());
    const { webhook } = await impatient.createWebhook(organizationId, hook(url));
    // As if it had failed for the first time two days ago.
    await happen(organizationId, 1);
    const makeOld = () =>
      test.adminSql(
        "update messaging_deliveries set first_failed_at = now() - interval '2 days' where webhook_id = $1",
        [webhook.id],
      );
    await expect
      .poll(async () => makeOld().then(async () => (await impatient.readWebhook(organizationId, webhook.id)).state), {
        timeout: 8000,
      })
      .toBe('disabled');
    const [dead] = await impatient.listDeliveries(organizationId, webhook.id, { ...all, state: 'dead' });
    expect(dead).toMatchObject({ last_status: 503, state: 'dead' });
    expect(dead?.last_reason).toContain('Failed for too long');
  });

  it('can be sent the past again, from a position or a time', async () => {
    const organizationId = ids.next();
    const { received, url } = await receive(ok);
    const { webhook } = await messaging.createWebhook(organizationId, hook(url));
    const before = new Date();
    const sent = await happen(organizationId, 5);
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(5);
    await expect
      .poll(
        async () => (await messaging.listDeliveries(organizationId, webhook.id, { ...all, state: 'delivered' })).length,
      )
      .toBe(5);
    expect(await messaging.replay(organizationId, webhook.id, { position: 4 })).toEqual({
      deliveries: 2,
      nextPosition: undefined,
    });
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(7);
    expect(received.slice(5).map(({ envelope }) => envelope.id)).toEqual(sent.slice(3));
    await expect
      .poll(
        async () => (await messaging.listDeliveries(organizationId, webhook.id, { ...all, state: 'delivered' })).length,
      )
      .toBe(5);
    expect(await messaging.replay(organizationId, webhook.id, { time: before })).toMatchObject({ deliveries: 5 });
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(12);
    expect(await messaging.replay(organizationId, webhook.id, { time: new Date(Date.now() + 60_000) })).toMatchObject({
      deliveries: 0,
    });
  });

  it('sign with both secrets while one takes the place of the other', async () => {
    const organizationId = ids.next();
    const { received, url } = await receive(ok);
    const { webhook, secret } = await messaging.createWebhook(organizationId, hook(url));
    const next = await messaging.rotateSecret(organizationId, webhook.id, 1);
    expect(await messaging.test(organizationId, webhook.id)).toMatchObject({ kind: 'answered', status: 204 });
    const { body, headers } = received[0] ?? { body: '', headers: {} };
    for (const valid of [secret, next]) {
      expect(new Webhook(valid).verify(body, headers as Record<string, string>)).toMatchObject({
        type: 'webhook.tested',
      });
    }
    await messaging.rotateSecret(organizationId, webhook.id, 0);
    await messaging.test(organizationId, webhook.id);
    expect(() =>
      new Webhook(next).verify(received[1]?.body ?? '', received[1]?.headers as Record<string, string>),
    ).toThrow();
  });

  it('never have more under way than they allow, and belong to one organization', async () => {
    const organizationId = ids.next();
    let underWay = 0;
    let most = 0;
    const { received, url } = await receive((_nth, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        response.writeHead(200).end();
      }, 30);
    });
    const { webhook } = await messaging.createWebhook(organizationId, hook(url, { max_concurrent: 3 }));
    await happen(organizationId, 20);
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(20);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
    expect(new Set(received.map(({ envelope }) => envelope.id)).size).toBe(20);
    const stranger = ids.next();
    await expect(messaging.readWebhook(stranger, webhook.id)).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    await expect(messaging.replay(stranger, webhook.id, { position: 1 })).rejects.toMatchObject({
      code: 'WEBHOOK_NOT_FOUND',
    });
  });

  it('are not made for addresses in private networks, nor twice under one name, nor without end', async () => {
    const organizationId = ids.next();
    const strict = open({ allowPrivateAddresses: false, maxPerOrganization: 1 });
    for (const url of [
      'https://127.0.0.1/',
      'https://10.0.0.1/',
      'http://example.com/',
      'https://a:b@example.com/',
      'x',
    ]) {
      await expect(strict.createWebhook(organizationId, hook(url)), url).rejects.toMatchObject({
        code: 'WEBHOOK_URL_REFUSED',
      });
    }
    await strict.createWebhook(organizationId, hook('https://example.com/', { name: 'one' }));
    await expect(strict.createWebhook(organizationId, hook('https://example.com/'))).rejects.toMatchObject({
      code: 'WEBHOOK_LIMIT',
    });
    await expect(
      messaging.createWebhook(organizationId, hook('https://example.com/', { name: 'one' })),
    ).rejects.toMatchObject({ code: 'WEBHOOK_NAME_TAKEN' });
  });
});

describe('a sender that is alone on its database', () => {
  async function openAlone(webhooks: Record<string, unknown>) {
    const alone = await openTestDatabase();
    closables.push(alone.close);
    return { alone, sender: open(webhooks, alone) };
  }

  it('hears of what happens while it looks for something else', async () => {
    const organizationId = ids.next();
    const { alone, sender } = await openAlone({ intervalMs: 10_000 });
    const { received, url } = await receive(ok);
    await sender.createWebhook(organizationId, hook(url, { max_concurrent: 5 }));
    // Whatever the pause between two events, neither waits for the next turn.
    for (let number = 1; number <= 20; number += 1) {
      await happen(organizationId, 1, alone);
      await new Promise((resolve) => setTimeout(resolve, (number * 7) % 30));
      await happen(organizationId, 1, alone);
      await expect.poll(() => received.length, { timeout: 3000, interval: 5 }).toBe(2 * number);
    }
  }, 30_000);

  it('sends at once to a new address what waited for the old one', async () => {
    const organizationId = ids.next();
    const { alone, sender } = await openAlone({ firstRetryMs: 600_000, longestRetryMs: 600_000 });
    const broken = await receive((_nth, response) => void response.writeHead(500).end());
    const { received, url } = await receive(ok);
    const { webhook } = await sender.createWebhook(organizationId, hook(broken.url));
    await happen(organizationId, 1, alone);
    const first = async () => (await sender.listDeliveries(organizationId, webhook.id, all))[0];
    await expect.poll(first, { timeout: 8000 }).toMatchObject({ state: 'pending', attempts: 1 });
    await sender.changeWebhook(organizationId, webhook.id, { url });
    await expect.poll(() => received.length, { timeout: 8000 }).toBe(1);
  });
});
