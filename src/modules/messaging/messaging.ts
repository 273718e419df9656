/** Events for the world outside: webhooks, their deliveries, and the schemas of what they carry. */
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import {
  type DeadLetters,
  type EventSchemas,
  eventPriorities,
  readEventsAfter,
  type Subscriber,
  toEnvelope,
} from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import { inPortions } from '#platform/in-portions.ts';
import { isUniqueViolation } from '#platform/postgres/errors.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Random } from '#platform/random.ts';
import type { Secret } from '#platform/secret.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import type { MessagingConfig } from './config.ts';
import type { ChangeWebhookBody, NewWebhookBody } from './contract.ts';
import { messagingErrors } from './errors.ts';
import { createFanOut, planDeliveries } from './fan-out.ts';
import type { Answer, WebhookTransport } from './ports.ts';
import { createSealedSecrets } from './sealed-secrets.ts';
import { createSendOne } from './send-one.ts';
import { toWebhookSecret } from './sign-webhook.ts';
import {
  countWebhooks,
  type DeliveryRow,
  type DeliveryState,
  deleteWebhookRow,
  findDeliveryState,
  findPositionBefore,
  findWebhook,
  forgetFailures,
  insertDeliveries,
  insertWebhook,
  listDeliveryRows,
  listWebhookRows,
  type MessagingTables,
  type MessagingTransaction,
  pruneDeliveryRows,
  replaceSecret,
  retryDeliveries,
  updateWebhook,
  type WebhookRow,
} from './store.ts';
import { createWebhookSender, type WebhookSender } from './webhook-sender.ts';

export type Messaging = {
  /** The secret is shown here and never again. Throws WEBHOOK_URL_REFUSED, WEBHOOK_NAME_TAKEN, WEBHOOK_LIMIT, WEBHOOK_TYPE_UNKNOWN. */
  createWebhook(organizationId: string, webhook: NewWebhookBody): Promise<{ webhook: WebhookRow; secret: string }>;
  listWebhooks(organizationId: string, page: Page): Promise<WebhookRow[]>;
  readWebhook(organizationId: string, webhookId: string): Promise<WebhookRow>;
  changeWebhook(organizationId: string, webhookId: string, change: ChangeWebhookBody): Promise<WebhookRow>;
  deleteWebhook(organizationId: string, webhookId: string): Promise<void>;
  rotateSecret(organizationId: string, webhookId: string, overlapHours: number): Promise<string>;
  listDeliveries(
    organizationId: string,
    webhookId: string,
    page: Page & { state: DeliveryState | undefined },
  ): Promise<DeliveryRow[]>;
  /** Sends a finished delivery once more, or all dead ones. Answers how many wait now. */
  retry(organizationId: string, webhookId: string, deliveryId: string | undefined): Promise<number>;
  /** Queues what happened from there on and the webhook asks for, at most `eventsPerReplay` events a call. */
  replay(
    organizationId: string,
    webhookId: string,
    from: ReplayStart,
  ): Promise<{ deliveries: number; nextPosition: number | undefined }>;
  /** Sends `webhook.tested` at once, whatever the webhook's state and types, and tells what came back. */
  test(organizationId: string, webhookId: string): Promise<Answer>;
  deadLetters: DeadLetters;
  schemas: EventSchemas;
  /** Removes old deliveries; for the scheduler. Returns how many went. */
  pruneDeliveries(signal?: AbortSignal): Promise<number>;
  /** Begins to send; for the scheduler role. */
  start(): void;
  close(): Promise<void>;
};

type Page = { beforeId: string | undefined; limit: number };
export type ReplayStart = { position: number } | { time: Date };

export type MessagingDependencies = {
  db: TableDatabase<MessagingTables>;
  clock: Clock;
  ids: Ids;
  random: Random;
  config: MessagingConfig;
  /** Seals the webhooks' secrets. */
  fileKey: Secret;
  transport: WebhookTransport;
  schemas: EventSchemas;
  metrics: Metrics;
  /** `User-Agent` of deliveries. */
  userAgent: string;
  onError(error: unknown): void;
};

export const eventsPerReplay = 1000;
const secretBytes = 32;
const deliveriesPerRetry = 10_000;
const deliveriesPerPrune = 10_000;

/** The subscriber goes into the list of `src/app/subscriptions.ts`; dead letters of that list are given back. */
export function createMessaging(dependencies: MessagingDependencies): {
  subscriber: Subscriber;
  withDeadLetters(deadLetters: DeadLetters): Messaging;
} {
  const { db, clock, ids, config, fileKey, schemas, transport, userAgent } = dependencies;
  const secrets = createSealedSecrets(fileKey, clock);
  const sendOne = createSendOne({ transport, clock, userAgent });
  const count = dependencies.metrics.counter({
    name: 'nexus_messaging_attempts_total',
    type: 'counter',
    help: 'Attempts to deliver an event to a webhook, by what follows from them.',
    labels: ['outcome'],
  });
  const sender = createWebhookSender({
    ...dependencies,
    config: config.webhooks,
    secrets,
    sendOne,
    onOutcome: (outcome) => count.increment({ outcome }),
  });
  const parts = { ...dependencies, secrets, sendOne, sender };
  return {
    subscriber: createFanOut({ ids, onQueued: sender.nudge }),
    withDeadLetters: (deadLetters) => ({
      ...webhookOperations(parts),
      ...deliveryOperations(parts),
      deadLetters,
      schemas,
      pruneDeliveries: (signal) =>
        inPortions(
          deliveriesPerPrune,
          () =>
            db.asSystem('prune the deliveries', (transaction) =>
              pruneDeliveryRows(transaction, { ...config.webhooks, limit: deliveriesPerPrune }),
            ),
          signal,
        ),
      start: sender.start,
      async close() {
        await sender.close();
        await transport.close();
      },
    }),
  };
}

type Parts = MessagingDependencies & {
  secrets: ReturnType<typeof createSealedSecrets>;
  sendOne: ReturnType<typeof createSendOne>;
  sender: WebhookSender;
};

function webhookOperations({ db, ids, random, config, secrets, schemas, transport, sender }: Parts) {
  const known = new Set(schemas.events.map(({ type }) => type));
  const newSecret = () => toWebhookSecret(random.bytes(secretBytes));

  function check({ url, types }: { url?: string | undefined; types?: string[] | null | undefined }): void {
    const refusal = url === undefined ? undefined : transport.refusal(url);
    if (refusal !== undefined) {
      throw new AppError('WEBHOOK_URL_REFUSED', 'invalid', `The address cannot be used. ${refusal}`);
    }
    const unknown = (types ?? []).filter((type) => !known.has(type));
    if (unknown.length > 0) {
      throw new AppError('WEBHOOK_TYPE_UNKNOWN', 'invalid', messagingErrors.WEBHOOK_TYPE_UNKNOWN, {
        details: { unknown },
      });
    }
  }

  return {
    async createWebhook(organizationId: string, body: NewWebhookBody) {
      check(body);
      const secret = newSecret();
      const id = ids.next();
      const webhook = await db
        .inOrganization(organizationId, async (transaction) => {
          if ((await countWebhooks(transaction)) >= config.webhooks.maxPerOrganization) {
            throw new AppError('WEBHOOK_LIMIT', 'limit', messagingErrors.WEBHOOK_LIMIT);
          }
          return insertWebhook(transaction, {
            organization_id: organizationId,
            id,
            ...body,
            secret: secrets.seal(id, secret),
          });
        })
        .catch(rethrowNameTaken);
      return { webhook, secret };
    },
    listWebhooks: (organizationId: string, page: Page) =>
      db.inOrganization(organizationId, (transaction) => listWebhookRows(transaction, page)),
    readWebhook: (organizationId: string, webhookId: string) =>
      db.inOrganization(organizationId, (transaction) => requireWebhook(transaction, webhookId)),
    async changeWebhook(organizationId: string, webhookId: string, change: ChangeWebhookBody) {
      check(change);
      const { state } = change;
      const row = await db
        .inOrganization(organizationId, async (transaction) => {
          // Another address is another receiver: what waits for the old one's recovery need not wait any longer.
          if (state === 'active' || change.url !== undefined) await forgetFailures(transaction, webhookId);
          const reason = state === 'disabled' ? 'Disabled by a person.' : null;
          return updateWebhook(transaction, webhookId, {
            ...change,
            ...(state !== undefined && { disabled_reason: reason }),
          });
        })
        .catch(rethrowNameTaken);
      if (row === undefined) throw notFound();
      sender.nudge();
      return row;
    },
    async deleteWebhook(organizationId: string, webhookId: string) {
      const deleted = await db.inOrganization(organizationId, (transaction) =>
        deleteWebhookRow(transaction, webhookId),
      );
      if (!deleted) throw notFound();
    },
    async rotateSecret(organizationId: string, webhookId: string, overlapHours: number) {
      const secret = newSecret();
      const replaced = await db.inOrganization(organizationId, (transaction) =>
        replaceSecret(transaction, webhookId, { secret: secrets.seal(webhookId, secret), overlapHours }),
      );
      if (!replaced) throw notFound();
      return secret;
    },
  };
}

function deliveryOperations({ db, clock, ids, secrets, sendOne, sender }: Parts) {
  return {
    listDeliveries: (
      organizationId: string,
      webhookId: string,
      { state, beforeId, limit }: Page & { state: DeliveryState | undefined },
    ) =>
      db.inOrganization(organizationId, async (transaction) => {
        await requireWebhook(transaction, webhookId);
        return listDeliveryRows(transaction, { webhookId, state, beforeId, limit });
      }),
    async retry(organizationId: string, webhookId: string, deliveryId: string | undefined) {
      const deliveries = await db.inOrganization(organizationId, async (transaction) => {
        await requireWebhook(transaction, webhookId);
        if (deliveryId !== undefined) await requireFinished(transaction, { webhookId, deliveryId });
        return retryDeliveries(transaction, { webhookId, deliveryId, limit: deliveriesPerRetry });
      });
      sender.nudge();
      return deliveries;
    },
    async replay(organizationId: string, webhookId: string, from: ReplayStart) {
      const replayed = await db.inOrganization(organizationId, async (transaction) => {
        const webhook = await requireWebhook(transaction, webhookId);
        const after = 'time' in from ? await findPositionBefore(transaction, from.time) : from.position - 1;
        const events = await readEventsAfter(transaction, { position: after, limit: eventsPerReplay });
        const deliveries = planDeliveries(events, [webhook], ids);
        const queued = await insertDeliveries(transaction, organizationId, deliveries, { again: true });
        const last = events.length === eventsPerReplay ? events.at(-1) : undefined;
        return { deliveries: queued, nextPosition: last === undefined ? undefined : last.position + 1 };
      });
      sender.nudge();
      return replayed;
    },
    async test(organizationId: string, webhookId: string) {
      const webhook = await db.inOrganization(organizationId, (transaction) => requireWebhook(transaction, webhookId));
      const id = ids.next();
      const envelope = toEnvelope({
        id,
        organizationId,
        position: 0,
        type: 'webhook.tested',
        version: 1,
        priority: eventPriorities.low,
        correlationId: id,
        occurredAt: clock.now(),
        data: { webhook_id: webhookId },
      });
      const target = { url: webhook.url, secrets: secrets.secretsOf(webhook) };
      return sendOne(target, JSON.stringify(envelope), new AbortController().signal);
    },
  };
}

async function requireWebhook(transaction: MessagingTransaction, webhookId: string): Promise<WebhookRow> {
  const row = await findWebhook(transaction, webhookId);
  if (row === undefined) throw notFound();
  return row;
}

async function requireFinished(
  transaction: MessagingTransaction,
  key: { webhookId: string; deliveryId: string },
): Promise<void> {
  const state = await findDeliveryState(transaction, key);
  if (state === undefined) throw new AppError('DELIVERY_NOT_FOUND', 'not-found', messagingErrors.DELIVERY_NOT_FOUND);
  if (state === 'pending' || state === 'sending') {
    throw new AppError('DELIVERY_NOT_FINISHED', 'conflict', messagingErrors.DELIVERY_NOT_FINISHED);
  }
}

function rethrowNameTaken(error: unknown): never {
  if (!isUniqueViolation(error, 'messaging_webhooks_name_key')) throw error;
  throw new AppError('WEBHOOK_NAME_TAKEN', 'conflict', messagingErrors.WEBHOOK_NAME_TAKEN, { cause: error });
}

const notFound = () => new AppError('WEBHOOK_NOT_FOUND', 'not-found', messagingErrors.WEBHOOK_NOT_FOUND);
