/** Delivers the copies that it is given to both subscribers and sends webhooks, until it is killed. */
import { createDelivery } from '#platform/events/inbox/deliver.ts';
import { waitFor } from '#platform/wait-for.ts';
import { type Copy, countingSubscriber, ids, openTrialDatabase, openTrialMessaging, type Urls } from './wiring.ts';

const workers = 6;
const maxAttempts = 3;

process.once('message', (message) => {
  const { urls, copies } = message as { urls: Urls; copies: Copy[] };
  void deliverAll(urls, copies);
});

async function deliverAll(urls: Urls, copies: readonly Copy[]): Promise<void> {
  const database = openTrialDatabase(urls);
  const { subscriber, messaging } = openTrialMessaging(database);
  messaging.start();
  const delivery = createDelivery({
    db: database.withTables(),
    ids,
    maxAttempts,
    pause: waitFor,
    onConsumed: () => undefined,
    onFailure: ({ error, buried }) => process.send?.({ failure: String(error), buried }),
  });
  const { signal } = new AbortController();
  const waiting = copies.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const { key, organizationId, eventId } of waiting) {
        const batch = { organizationId, eventIds: [eventId] };
        await Promise.all([countingSubscriber, subscriber].map((each) => delivery.deliver(each, batch, signal)));
        process.send?.({ done: key });
      }
    }),
  );
  process.send?.({ idle: true });
}
