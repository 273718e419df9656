/** What the parent of the trial and the children that it kills are both made of. */
import { createHttpWebhookTransport } from '#modules/messaging/adapters/http-webhook-transport.ts';
import { createMessaging, messagingConfig } from '#modules/messaging/index.ts';
import { systemClock } from '#platform/clock.ts';
import { describeEventSchemas, type Subscriber, subscriber } from '#platform/events/index.ts';
import { createIds } from '#platform/ids.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { openDatabase } from '#platform/postgres/database.ts';
import type { Database } from '#platform/postgres/ports.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';

export const ids = createIds(systemClock, systemRandom);

/** As it goes to a child. */
export type Urls = { app: string; system: string; resolver: string };

/** One copy of an event to be delivered; `key` tells the copies apart. */
export type Copy = { key: number; organizationId: string; eventId: string };

export function openTrialDatabase(urls: Urls): Database {
  const { app, system, resolver } = urls;
  return openDatabase({
    urls: { app: new Secret(app), system: new Secret(system), resolver: new Secret(resolver) },
    config: databaseConfig.parse({}),
  });
}

type EffectTables = { trial_effects: { organization_id: string; id: string; event_id: string } };

/** Nothing but the inbox keeps its effect from happening twice. */
export const countingSubscriber: Subscriber = subscriber<EffectTables>({
  name: 'trial.counting',
  types: 'all',
  async handle(event, transaction) {
    const effect = { organization_id: event.organizationId, id: ids.next(), event_id: event.id };
    await transaction.insertInto('trial_effects').values(effect).execute();
  },
});

export function openTrialMessaging(database: Database) {
  const config = messagingConfig.parse({
    webhooks: { allowPrivateAddresses: true, intervalMs: 50, firstRetryMs: 50, longestRetryMs: 200, timeoutMs: 1000 },
  });
  const messaging = createMessaging({
    db: database.withTables(),
    clock: systemClock,
    ids,
    random: systemRandom,
    config,
    fileKey: new Secret(Buffer.alloc(32, 1).toString('base64')),
    transport: createHttpWebhookTransport(config.webhooks),
    schemas: describeEventSchemas([]),
    metrics: createMetrics({ processMetrics: false }),
    userAgent: 'Nexus/trial',
    onError: () => undefined,
  });
  const noLetters = {
    list: async () => [],
    requeue: async () => undefined,
    requeueAll: async () => ({ requeued: 0, failed: 0 }),
  };
  return { subscriber: messaging.subscriber, messaging: messaging.withDeadLetters(noLetters) };
}
