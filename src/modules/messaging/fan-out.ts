/** From an event to the deliveries of everybody outside who asked for it. */
import { type Event, type Subscriber, subscriber, toEnvelope } from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import { insertDeliveries, listSubscriptions, type MessagingTables, type NewDelivery } from './store.ts';

type Subscription = { id: string; types: string[] | null };

/** `onQueued` is called inside the transaction: what was queued is there a moment later. */
export function createFanOut({ ids, onQueued }: { ids: Ids; onQueued: () => void }): Subscriber {
  return subscriber<MessagingTables>({
    name: 'messaging.webhooks',
    types: 'all',
    // Idempotent by the unique key of event and webhook.
    async handleMany(events, transaction) {
      const subscriptions = await listSubscriptions(transaction);
      const deliveries = planDeliveries(events, subscriptions, ids);
      const [first] = events;
      if (deliveries.length === 0 || first === undefined) return;
      await insertDeliveries(transaction, first.organizationId, deliveries, { again: false });
      onQueued();
    },
  });
}

export function planDeliveries(
  events: readonly Event[],
  subscriptions: readonly Subscription[],
  ids: Ids,
): NewDelivery[] {
  return events.flatMap((event) => {
    const wanting = subscriptions.filter(({ types }) => types === null || types.includes(event.type));
    if (wanting.length === 0) return [];
    const payload = JSON.stringify(toEnvelope(event));
    return wanting.map((webhook) => ({
      id: ids.next(),
      webhookId: webhook.id,
      eventId: event.id,
      position: event.position,
      type: event.type,
      payload,
    }));
  });
}
