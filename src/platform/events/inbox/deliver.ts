/** Hands events to a subscriber so that its effect happens once per event, and never fails the event's publisher. */

import { AppError, isAppError } from '../../errors.ts';
import type { Ids } from '../../ids.ts';
import type { TableDatabase } from '../../postgres/ports.ts';
import type { Event, Subscriber } from '../ports.ts';
import { decideAfterFailure } from '../relay/decide-after-failure.ts';
import { type InboxTables, keepDeadLetter, readEvents, takeIn } from './store.ts';

export type Delivery = {
  /** Resolves when each was taken in or is a dead letter. Rejects when the signal aborts. */
  deliver(
    subscriber: Subscriber,
    batch: { organizationId: string; eventIds: readonly string[] },
    signal: AbortSignal,
  ): Promise<void>;
};

type Dependencies = {
  db: TableDatabase<InboxTables>;
  ids: Ids;
  maxAttempts: number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
  onConsumed(subscriber: string, events: readonly Event[]): void;
  /** A failure that is tried again, or after which the event became a dead letter. */
  onFailure(failure: { subscriber: string; eventId: string | undefined; error: unknown; buried: boolean }): void;
};

/** Events of one transaction. Small, so that a dead letter costs little and no transaction is long. */
const eventsPerTransaction = 50;

export function createDelivery(dependencies: Dependencies): Delivery {
  const { db, ids, maxAttempts, pause, onConsumed, onFailure } = dependencies;

  /** One transaction: what the subscriber writes, and that it has. Answers the events that were there. */
  async function attempt(subscriber: Subscriber, organizationId: string, eventIds: readonly string[]): Promise<void> {
    const taken = await db.inOrganization(organizationId, async (transaction) => {
      const events = await readEvents(transaction, eventIds);
      const door = transaction as never;
      if ('handleMany' in subscriber) {
        await subscriber.handleMany(events, door);
        return events;
      }
      const fresh = await takeIn(transaction, { organizationId, subscriber: subscriber.name, eventIds });
      const unseen = events.filter((event) => fresh.has(event.id));
      for (const event of unseen) await subscriber.handle(event, door);
      return unseen;
    });
    onConsumed(subscriber.name, taken);
  }

  async function bury(subscriber: Subscriber, organizationId: string, eventId: string, error: unknown): Promise<void> {
    await db.inOrganization(organizationId, async (transaction) => {
      const [event] = await readEvents(transaction, [eventId]);
      // Erased in the meantime: nothing is left to keep.
      if (event === undefined) return;
      const { code, message } = describeFailure(error);
      await keepDeadLetter(transaction, {
        id: ids.next(),
        organizationId,
        subscriber: subscriber.name,
        event,
        reasonCode: code,
        reason: message,
        attempts: maxAttempts,
      });
    });
    onFailure({ subscriber: subscriber.name, eventId, error, buried: true });
  }

  /** Until it is taken in or buried. */
  async function deliverOne(
    subscriber: Subscriber,
    organizationId: string,
    eventId: string,
    signal: AbortSignal,
  ): Promise<void> {
    for (let failures = 0, inRow = 1; ; inRow += 1) {
      signal.throwIfAborted();
      try {
        await attempt(subscriber, organizationId, [eventId]);
        return;
      } catch (error) {
        const next = decideAfterFailure(error, { failures: failures + 1, inRow, maxAttempts });
        if (next.action === 'bury') return await bury(subscriber, organizationId, eventId, error);
        if (!next.isOutage) failures += 1;
        onFailure({ subscriber: subscriber.name, eventId, error, buried: false });
        await pause(next.waitMs, signal);
      }
    }
  }

  return {
    async deliver(subscriber, { organizationId, eventIds }, signal) {
      for (let start = 0; start < eventIds.length; start += eventsPerTransaction) {
        signal.throwIfAborted();
        const part = eventIds.slice(start, start + eventsPerTransaction);
        try {
          await attempt(subscriber, organizationId, part);
        } catch (error) {
          onFailure({ subscriber: subscriber.name, eventId: undefined, error, buried: false });
          // One of them is to blame: each alone, in their order.
          for (const eventId of part) await deliverOne(subscriber, organizationId, eventId, signal);
        }
      }
    },
  };
}

function describeFailure(error: unknown): { code: string; message: string } {
  if (isAppError(error)) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'UNEXPECTED', message: message.slice(0, 2000) };
}

/** Takes a dead letter in again, in one transaction with its removal. Throws what the subscriber throws. */
export async function requeueDeadLetter(
  db: TableDatabase<InboxTables>,
  subscribers: readonly Subscriber[],
  letter: { organizationId: string; letterId: string },
  take: (transaction: Parameters<typeof takeIn>[0]) => Promise<{ subscriber: string; event: Event } | undefined>,
): Promise<boolean> {
  return await db.inOrganization(letter.organizationId, async (transaction) => {
    const taken = await take(transaction);
    if (taken === undefined) return false;
    const subscriber = subscribers.find(({ name }) => name === taken.subscriber);
    if (subscriber === undefined) {
      throw new AppError('EVENT_SUBSCRIBER_UNKNOWN', 'conflict', 'This version has no subscriber of that name.', {
        details: { subscriber: taken.subscriber },
      });
    }
    const door = transaction as never;
    const { organizationId } = letter;
    if ('handleMany' in subscriber) await subscriber.handleMany([taken.event], door);
    else {
      const fresh = await takeIn(transaction, {
        organizationId,
        subscriber: subscriber.name,
        eventIds: [taken.event.id],
      });
      if (fresh.size > 0) await subscriber.handle(taken.event, door);
    }
    return true;
  });
}
