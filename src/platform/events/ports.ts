import type { Transaction } from '../postgres/ports.ts';
import type { EventPriority } from './store.ts';

/** An event as it is delivered. */
export type Event = {
  /** UUIDv7. A repeated delivery carries the same id. */
  id: string;
  organizationId: string;
  /** Its place among the events of its organization, from 1, without gaps, in the order of their commits. */
  position: number;
  type: string;
  /** Version of the schema of `data`. */
  version: number;
  priority: EventPriority;
  /** Shared by everything with one cause. */
  correlationId: string;
  /** When it was recorded. */
  occurredAt: Date;
  data: Readonly<Record<string, unknown>>;
};

type AnySubscriber = {
  /** Stable: the database remembers under it how far the subscriber has come. A new name begins with the oldest event kept. */
  name: string;
  /** The types it is woken for, or all of them. */
  types: readonly string[] | 'all';
};

/**
 * Takes one event in. What it writes through `transaction`, as the app login of the event's organization, happens once
 * per event, however often the event is delivered. It must have no other effect. What it throws undoes its writes; kind
 * `unavailable` is tried until it works, any other failure 3 times before the event becomes a dead letter.
 */
export type OneByOne<Tables> = AnySubscriber & {
  handle(event: Event, transaction: Transaction<Tables>): Promise<void>;
};

/** Takes many events of one organization in at once. Must be idempotent by itself: there is no inbox for it. */
export type ManyAtOnce<Tables> = AnySubscriber & {
  handleMany(events: readonly Event[], transaction: Transaction<Tables>): Promise<void>;
};

/** Somebody in this process who is woken by events; listed in `src/app/subscriptions.ts`. */
export type Subscriber = OneByOne<unknown> | ManyAtOnce<unknown>;

/** Declares a subscriber so that `handle` gets its own tables. */
export function subscriber<Tables>(declaration: OneByOne<Tables> | ManyAtOnce<Tables>): Subscriber {
  return declaration as Subscriber;
}
