import { z } from 'zod';
import type { Cursors } from '#platform/cursor.ts';
import { type DeadLetters, toEnvelope } from '#platform/events/index.ts';
import { type Route, route } from '#platform/http/route.ts';
import {
  changeWebhookBody,
  createdWebhookSchema,
  createWebhookBody,
  type DeadLetterView,
  type DeliveryView,
  deadLetterSchema,
  deliverySchema,
  eventSchemasReply,
  listDeliveriesQuery,
  listOf,
  pageQuery,
  replayBody,
  replayReply,
  requeueReply,
  retryReply,
  rotateSecretBody,
  rotateSecretReply,
  testReply,
  type WebhookView,
  webhookSchema,
} from './contract.ts';
import type { Messaging } from './messaging.ts';
import type { DeliveryRow, WebhookRow } from './store.ts';

const tag = 'messaging';
const webhooksPath = '/api/v1/webhooks';
const webhookPath = `${webhooksPath}/{webhook_id}`;
const id = z.uuid().toLowerCase();
const webhookParams = z.strictObject({ webhook_id: id });
const deliveryParams = z.strictObject({ webhook_id: id, delivery_id: id });
const letterParams = z.strictObject({ letter_id: id });

export function messagingRoutes(messaging: Messaging, cursors: Cursors): Route[] {
  return [
    ...webhookRoutes(messaging, cursors),
    ...singleWebhookRoutes(messaging),
    ...webhookActionRoutes(messaging),
    ...deliveryRoutes(messaging, cursors),
    ...deadLetterRoutes(messaging, cursors),
    ...schemaRoutes(messaging),
  ];
}

/** Reads one item more than the page holds: its being there tells that there is a next page. */
async function readPage<Item extends { id: string }>(
  { cursors, list, filter }: { cursors: Cursors; list: string; filter: unknown },
  query: { limit: number; cursor?: string | undefined },
  read: (page: { beforeId: string | undefined; limit: number }) => Promise<Item[]>,
): Promise<{ items: Item[]; next_cursor: string | null }> {
  const place = query.cursor === undefined ? undefined : cursors.read(list, filter, query.cursor);
  const found = await read({ beforeId: place?.id, limit: query.limit + 1 });
  const items = found.slice(0, query.limit);
  const last = found.length > query.limit ? items.at(-1) : undefined;
  return {
    items,
    next_cursor: last === undefined ? null : cursors.write(list, filter, { sortKey: last.id, id: last.id }),
  };
}

const presentWebhook = (row: WebhookRow): WebhookView => ({
  id: row.id,
  name: row.name,
  url: row.url,
  types: row.types,
  max_concurrent: row.max_concurrent,
  state: row.state,
  disabled_reason: row.disabled_reason,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

const presentDelivery = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  event_id: row.event_id,
  position: Number(row.position),
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  last_status: row.last_status,
  last_reason: row.last_reason,
  next_attempt_at: row.state === 'pending' ? row.due_at.toISOString() : null,
  created_at: row.created_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
  payload: JSON.parse(row.payload) as Record<string, unknown>,
});

const presentLetter = (letter: Awaited<ReturnType<DeadLetters['list']>>[number]): DeadLetterView => ({
  id: letter.id,
  subscriber: letter.subscriber,
  event_id: letter.event.id,
  type: letter.event.type,
  reason_code: letter.reasonCode,
  reason: letter.reason,
  attempts: letter.attempts,
  created_at: letter.createdAt.toISOString(),
  payload: toEnvelope(letter.event),
});

function webhookRoutes(messaging: Messaging, cursors: Cursors): Route[] {
  return [
    route({
      method: 'POST',
      path: webhooksPath,
      permission: 'webhooks:write',
      summary: 'Makes a webhook that is told of events from now on. The secret is shown once.',
      tag,
      request: { body: createWebhookBody },
      responses: { 201: createdWebhookSchema },
      async handle({ caller, body }) {
        const { webhook, secret } = await messaging.createWebhook(caller.organizationId, body);
        return { status: 201, body: { ...presentWebhook(webhook), secret } };
      },
    }),
    route({
      method: 'GET',
      path: webhooksPath,
      permission: 'webhooks:read',
      summary: 'Lists webhooks, newest first.',
      tag,
      request: { query: pageQuery },
      responses: { 200: listOf(webhookSchema) },
      async handle({ caller, query }) {
        const page = await readPage({ cursors, list: 'webhooks', filter: null }, query, (asked) =>
          messaging.listWebhooks(caller.organizationId, asked),
        );
        return { status: 200, body: { ...page, items: page.items.map(presentWebhook) } };
      },
    }),
  ];
}

function singleWebhookRoutes(messaging: Messaging): Route[] {
  return [
    route({
      method: 'GET',
      path: webhookPath,
      permission: 'webhooks:read',
      summary: 'Shows one webhook without its secret.',
      tag,
      request: { params: webhookParams },
      responses: { 200: webhookSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentWebhook(await messaging.readWebhook(caller.organizationId, params.webhook_id)),
      }),
    }),
    route({
      method: 'PATCH',
      path: webhookPath,
      permission: 'webhooks:write',
      summary: 'Changes a webhook, disables it or makes it active again.',
      tag,
      request: { params: webhookParams, body: changeWebhookBody },
      responses: { 200: webhookSchema },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: presentWebhook(await messaging.changeWebhook(caller.organizationId, params.webhook_id, body)),
      }),
    }),
    route({
      method: 'DELETE',
      path: webhookPath,
      permission: 'webhooks:write',
      summary: 'Deletes a webhook with its deliveries, also those that wait.',
      tag,
      request: { params: webhookParams },
      responses: { 204: null },
      async handle({ caller, params }) {
        await messaging.deleteWebhook(caller.organizationId, params.webhook_id);
        return { status: 204 };
      },
    }),
  ];
}

function webhookActionRoutes(messaging: Messaging): Route[] {
  return [
    route({
      method: 'POST',
      path: `${webhookPath}/rotate-secret`,
      permission: 'webhooks:write',
      summary: 'Gives the webhook a new secret; for a while both sign.',
      tag,
      request: { params: webhookParams, body: rotateSecretBody },
      responses: { 200: rotateSecretReply },
      async handle({ caller, params, body }) {
        const secret = await messaging.rotateSecret(caller.organizationId, params.webhook_id, body.overlap_hours);
        return { status: 200, body: { secret } };
      },
    }),
    route({
      method: 'POST',
      path: `${webhookPath}/test`,
      permission: 'webhooks:write',
      summary: 'Sends `webhook.tested` at once and tells what the receiver answered.',
      tag,
      request: { params: webhookParams },
      responses: { 200: testReply },
      async handle({ caller, params }) {
        const answer = await messaging.test(caller.organizationId, params.webhook_id);
        const status = answer.kind === 'answered' ? answer.status : null;
        const delivered = status !== null && status >= 200 && status < 300;
        return { status: 200, body: { delivered, status, reason: answer.kind === 'failed' ? answer.reason : null } };
      },
    }),
    route({
      method: 'POST',
      path: `${webhookPath}/replay`,
      permission: 'webhooks:write',
      summary: 'Sends past events to this webhook (again), from a position or a time.',
      tag,
      request: { params: webhookParams, body: replayBody },
      responses: { 202: replayReply },
      async handle({ caller, params, body }) {
        const from =
          body.from_time === undefined ? { position: body.from_position ?? 1 } : { time: new Date(body.from_time) };
        const { deliveries, nextPosition } = await messaging.replay(caller.organizationId, params.webhook_id, from);
        return { status: 202, body: { deliveries, next_position: nextPosition ?? null } };
      },
    }),
  ];
}

function deliveryRoutes(messaging: Messaging, cursors: Cursors): Route[] {
  return [
    route({
      method: 'GET',
      path: `${webhookPath}/deliveries`,
      permission: 'webhooks:read',
      summary: 'Lists deliveries, newest first, with what became of them.',
      tag,
      request: { params: webhookParams, query: listDeliveriesQuery },
      responses: { 200: listOf(deliverySchema) },
      async handle({ caller, params, query }) {
        const filter = { webhook: params.webhook_id, state: query.state };
        const page = await readPage({ cursors, list: 'deliveries', filter }, query, (asked) =>
          messaging.listDeliveries(caller.organizationId, params.webhook_id, { ...asked, state: query.state }),
        );
        return { status: 200, body: { ...page, items: page.items.map(presentDelivery) } };
      },
    }),
    route({
      method: 'POST',
      path: `${webhookPath}/deliveries/{delivery_id}/retry`,
      permission: 'webhooks:write',
      summary: 'Sends a finished delivery once more.',
      tag,
      request: { params: deliveryParams },
      responses: { 202: retryReply },
      handle: async ({ caller, params }) => ({
        status: 202,
        body: { deliveries: await messaging.retry(caller.organizationId, params.webhook_id, params.delivery_id) },
      }),
    }),
    route({
      method: 'POST',
      path: `${webhookPath}/retry`,
      permission: 'webhooks:write',
      summary: 'Sends every dead delivery once more, at most 10,000 a call.',
      tag,
      request: { params: webhookParams },
      responses: { 202: retryReply },
      handle: async ({ caller, params }) => ({
        status: 202,
        body: { deliveries: await messaging.retry(caller.organizationId, params.webhook_id, undefined) },
      }),
    }),
  ];
}

function deadLetterRoutes({ deadLetters }: Messaging, cursors: Cursors): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/dead-letters',
      permission: 'webhooks:read',
      summary: 'Lists events that a part of this server could not take in, newest first.',
      tag,
      request: { query: pageQuery },
      responses: { 200: listOf(deadLetterSchema) },
      async handle({ caller, query }) {
        const page = await readPage({ cursors, list: 'dead-letters', filter: null }, query, (asked) =>
          deadLetters.list(caller.organizationId, asked),
        );
        return { status: 200, body: { ...page, items: page.items.map(presentLetter) } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/dead-letters/{letter_id}/requeue',
      permission: 'webhooks:write',
      summary: 'Hands one of them over again; it stays when that fails.',
      tag,
      request: { params: letterParams },
      responses: { 204: null },
      async handle({ caller, params }) {
        await deadLetters.requeue(caller.organizationId, params.letter_id);
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/dead-letters/requeue',
      permission: 'webhooks:write',
      summary: 'Hands the newest 200 of them over again, oldest first.',
      tag,
      request: {},
      responses: { 200: requeueReply },
      handle: async ({ caller }) => ({ status: 200, body: await deadLetters.requeueAll(caller.organizationId) }),
    }),
  ];
}

function schemaRoutes({ schemas }: Messaging): Route[] {
  return ['/api/v1/events/schemas', '/events/schemas'].map((path) =>
    route({
      method: 'GET',
      path,
      permission: 'public',
      summary: 'Gives the JSON Schemas of all events.',
      tag,
      request: {},
      responses: { 200: eventSchemasReply },
      handle: async () => ({ status: 200, body: schemas }),
    }),
  );
}
