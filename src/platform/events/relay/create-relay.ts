/** The one relay of a database: wakes when something was committed, and hands events to the subscribers. */
import type { Clock } from '../../clock.ts';
import type { Ids } from '../../ids.ts';
import { inPortions } from '../../in-portions.ts';
import type { TableDatabase } from '../../postgres/ports.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { waitFor } from '../../wait-for.ts';
import type { EventsConfig } from '../config.ts';
import { createDelivery } from '../inbox/deliver.ts';
import type { Event, Subscriber } from '../ports.ts';
import { pruneDeliveries, pruneEvents } from '../store.ts';
import { decidePause, type PauseState, shortestPauseMs } from './decide-pause.ts';
import { createEventMetrics } from './event-metrics.ts';
import { createRelayRound, type LoggedEvent, type Reader } from './relay-round.ts';
import { createRelayStore, type RelayTables } from './store.ts';

export type Relay = {
  /** Begins to relay as soon as no other process does; to be called in the scheduler role. */
  start(): void;
  /** Something was committed in this process: look at once. Harmless before `start`. */
  announce(): void;
  /** Removes old events that everybody has had, old inbox entries and dead letters; for the scheduler. Returns how many events went. */
  prune(signal?: AbortSignal): Promise<number>;
  /** Ends after the transactions in hand; what was not delivered is delivered by the next relay. */
  close(): Promise<void>;
};

export type RelayDependencies = {
  db: TableDatabase<RelayTables>;
  subscribers: readonly Subscriber[];
  clock: Clock;
  ids: Ids;
  config: EventsConfig;
  metrics: Metrics;
  /** Told of every failure; the relay goes on. */
  onError(error: unknown, facts: { subscriber?: string; eventId?: string | undefined; buried?: boolean }): void;
};

const retryAfterFailureMs = 1000;
/** Of one transaction; as many follow as there is something to remove. */
const eventsPerPrune = 10_000;

export function createRelay({ db, subscribers, clock, ids, config, metrics, onError }: RelayDependencies): Relay {
  const stop = new AbortController();
  const eventMetrics = createEventMetrics(metrics, clock);
  const store = createRelayStore(db, { holder: ids.next(), leaseMs: config.leaseMs, clock });
  const readers = readersOf({ db, subscribers, ids, config, onError }, eventMetrics.consumed, stop.signal);
  const round = createRelayRound({
    store,
    readers,
    batchSize: config.batchSize,
    onNumbered: eventMetrics.published,
    onServed: announce,
    onReaderFailed(error, name) {
      if (!stop.signal.aborted) onError(error, { subscriber: name });
    },
  });
  eventMetrics.watchLag(round.lag);

  const sleeper = createSleeper(stop.signal);
  let announced = false;
  let running: Promise<void> | undefined;

  function announce(): void {
    announced = true;
    sleeper.wake();
  }

  async function relayUntilClosed(): Promise<void> {
    let state: PauseState = { lastMs: undefined };
    while (!stop.signal.aborted) {
      const outcome = await round.run().catch((error: unknown) => {
        if (!stop.signal.aborted) onError(error, {});
        return 'failed' as const;
      });
      if (outcome === 'failed') {
        await sleeper.sleep(retryAfterFailureMs);
        continue;
      }
      if (outcome === 'more') continue;
      const decided = decidePause(state, {
        announced: announced || outcome === 'found',
        intervalMs: config.intervalMs,
      });
      announced = false;
      state = decided.next;
      await sleeper.sleep(decided.pauseMs);
    }
  }

  return {
    start() {
      running ??= relayUntilClosed();
    },
    announce,
    async prune(signal) {
      const { retentionDays, deadLetterDays } = config;
      const names = subscribers.map(({ name }) => name);
      const events = { keepDays: retentionDays, limit: eventsPerPrune, subscribers: names };
      const deliveries = { inboxDays: retentionDays, deadLetterDays, limit: eventsPerPrune };
      const inSystem = (work: (transaction: Parameters<typeof pruneEvents<RelayTables>>[0]) => Promise<number>) =>
        inPortions(eventsPerPrune, () => db.asSystem('prune the events', work), signal);
      const pruned = await inSystem((transaction) => pruneEvents(transaction, events));
      // Entries of events that are gone by now.
      await inSystem((transaction) => pruneDeliveries(transaction, deliveries));
      return pruned;
    },
    async close() {
      if (stop.signal.aborted) return;
      stop.abort();
      sleeper.wake();
      await running;
      await round.settled();
      // A database that is gone lets the lease lapse by itself.
      if (running !== undefined) await store.releaseLease().catch((error: unknown) => onError(error, {}));
    },
  };
}

/** Sleeps for a while, or until shortly after it was woken; not at all once the signal is aborted. */
function createSleeper(signal: AbortSignal): { sleep(pauseMs: number): Promise<void>; wake(): void } {
  let wake: () => void = () => undefined;
  return {
    wake: () => wake(),
    sleep(pauseMs) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          wake = () => undefined;
          clearTimeout(timer);
          setTimeout(resolve, Math.min(pauseMs, shortestPauseMs));
        };
      });
    },
  };
}

function readersOf(
  { db, subscribers, ids, config, onError }: Omit<RelayDependencies, 'clock' | 'metrics'>,
  onConsumed: (subscriber: string, events: readonly Event[]) => void,
  signal: AbortSignal,
): Reader[] {
  const delivery = createDelivery({
    db,
    ids,
    maxAttempts: config.maxAttempts,
    pause: waitFor,
    onConsumed,
    onFailure: ({ error, ...facts }) => onError(error, facts),
  });
  return subscribers.map((subscriber) => ({
    name: subscriber.name,
    types: subscriber.types,
    deliver: (events) =>
      inParallel(groupByOrganization(events), config.concurrency, (batch) =>
        delivery.deliver(subscriber, batch, signal),
      ),
  }));
}

function groupByOrganization(events: readonly LoggedEvent[]): { organizationId: string; eventIds: string[] }[] {
  const groups = Map.groupBy(events, ({ organizationId }) => organizationId);
  return [...groups].map(([organizationId, group]) => ({ organizationId, eventIds: group.map(({ id }) => id) }));
}

/** Waits for all of them, also when one fails. */
async function inParallel<Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const takeTurns = async () => {
    for (const item of waiting) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: concurrency }, takeTurns));
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
