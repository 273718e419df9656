/** Which event wakes whom, and which events there are. Recipe: docs/recipes/add-an-event-subscriber.md. */
import { corpusEvents } from '#modules/corpus/events.ts';
import { ingestionEvents } from '#modules/ingestion/events.ts';
import { messagingEvents } from '#modules/messaging/events.ts';
import type { EventCatalogue, Subscriber } from '#platform/events/index.ts';

/** Everything that can happen, by the module that announces it. */
export const eventCatalogues: readonly EventCatalogue[] = [corpusEvents, ingestionEvents, messagingEvents];

/** A line per subscriber. Each is served on its own: a slow or failing one holds nobody else back. */
export function subscriptions({ webhooks }: { webhooks: Subscriber }): readonly Subscriber[] {
  return [
    // Every event → whoever outside asked for it.
    webhooks,
  ];
}
