/** Events from the outbox to their subscribers and to the world outside: what of it is made of what. */

import type { z } from 'zod';
import { createHttpWebhookTransport } from '#modules/messaging/adapters/http-webhook-transport.ts';
import { createMessaging, type Messaging, type messagingConfig } from '#modules/messaging/index.ts';
import type { Clock } from '#platform/clock.ts';
import {
  announceEvents,
  createDeadLetters,
  createRelay,
  describeEventSchemas,
  type eventsConfig,
  type Relay,
} from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import type { Database } from '#platform/postgres/ports.ts';
import type { Random } from '#platform/random.ts';
import type { Secret } from '#platform/secret.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import { eventCatalogues, subscriptions } from './subscriptions.ts';
import { version } from './version.ts';

export type WiredEvents = {
  /** For the modules: the same database, whose commits wake the relay. */
  database: Database;
  messaging: Messaging;
  relay: Relay;
};

type Dependencies = {
  database: Database;
  clock: Clock;
  ids: Ids;
  random: Random;
  logger: Logger;
  metrics: Metrics;
  fileKey: Secret;
  config: { events: z.output<typeof eventsConfig>; messaging: z.output<typeof messagingConfig> };
};

/** Relay and sender do nothing until they are started, which the scheduler role does. */
export function wireEvents({ database, config, logger, ...adapters }: Dependencies): WiredEvents {
  const messaging = createMessaging({
    ...adapters,
    db: database.withTables(),
    config: config.messaging,
    transport: createHttpWebhookTransport(config.messaging.webhooks),
    schemas: describeEventSchemas(eventCatalogues),
    userAgent: `Nexus/${version}`,
    onError: (error) => logger.warn('messaging.sending_failed', { module: 'messaging', error }),
  });
  const subscribers = subscriptions({ webhooks: messaging.subscriber });
  const relay = createRelay({
    ...adapters,
    db: database.withTables(),
    subscribers,
    config: config.events,
    onError: (error, facts) => logger.warn('events.delivery_failed', { module: 'events', ...facts, error }),
  });
  return {
    database: announceEvents(database, relay.announce),
    messaging: messaging.withDeadLetters(createDeadLetters(database.withTables(), subscribers)),
    relay,
  };
}
