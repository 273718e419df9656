import { type Generated, sql } from 'kysely';
import type { Transaction } from '../postgres/ports.ts';

/** The outbox as a module's transaction sees it; every module that records events lists it among its tables. */
export type OutboxTable = {
  organization_id: string;
  id: string;
  xid: Generated<string>;
  type: string;
  data: Record<string, unknown>;
  correlation_id: string | null;
  priority: Generated<EventPriority>;
  version: Generated<number>;
  created_at: Generated<Date>;
};

/** Where events are in the order of their relaying; the relay's tables besides are its own. */
export type EventLogTable = {
  organization_id: string;
  position: string;
  sequence: string;
  event_id: string;
  created_at: Generated<Date>;
};

export const eventPriorities = { low: 1, normal: 5, high: 8, critical: 10 } as const;
export type EventPriority = (typeof eventPriorities)[keyof typeof eventPriorities];

/** A fact about to be stored. */
export type NewEvent = {
  /** UUIDv7. */
  id: string;
  organizationId: string;
  /** `noun.verbed`, past tense, from the catalogue of the module that announces it. */
  type: string;
  /** As the catalogue says, snake_case names; at most 256 KiB. Not checked here: tests do. */
  data: Readonly<Record<string, unknown>>;
  /** Shared by everything with one cause, e.g. the id of a task. Default: the event's own id. */
  correlationId?: string | undefined;
  /** Default: normal. */
  priority?: EventPriority | undefined;
  /** Version of the payload's schema. Default 1. */
  version?: number | undefined;
};

/** Transactions with an event in them: whoever commits one wakes the relay. */
const written = new WeakSet<object>();

/** True when the transaction has recorded an event. */
export const hasRecordedEvents = (transaction: object): boolean => written.has(transaction);

/** Writes events into the outbox, in one statement: they are announced if and only if the transaction commits. */
export async function recordEvents<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const column = <Value>(pick: (event: NewEvent) => Value) => events.map(pick);
  await sql`
    insert into platform_outbox (id, organization_id, type, data, correlation_id, priority, version)
    select * from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ organizationId }) => organizationId)}::uuid[],
      ${column(({ type }) => type)}::text[], ${column(({ data }) => JSON.stringify(data))}::jsonb[],
      ${column(({ correlationId }) => correlationId ?? null)}::text[],
      ${column(({ priority }) => priority ?? eventPriorities.normal)}::smallint[],
      ${column(({ version }) => version ?? 1)}::smallint[])
  `.execute(transaction);
  written.add(transaction);
}

/** One event, as `recordEvents`. */
export function recordEvent<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  event: NewEvent,
): Promise<void> {
  return recordEvents(transaction, [event]);
}

/**
 * Removes events that were relayed more than `keepDays` ago and that each of `subscribers` has had, at most `limit`; run
 * as the system login. What was not delivered stays, whatever its age. Default: everybody who ever subscribed. Returns
 * how many events went.
 */
export async function pruneEvents<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  { keepDays, limit, subscribers }: { keepDays: number; limit: number; subscribers?: readonly string[] },
): Promise<number> {
  const names =
    subscribers === undefined
      ? sql`select name from platform_subscribers`
      : sql`select name from unnest(${subscribers}::text[]) as listed (name)`;
  const result = await sql`
    with delivered as (
      select coalesce(min(coalesce(reached.sequence, 0)), (select sequence from platform_relay)) as sequence
      from (${names}) as asked left join platform_subscribers as reached using (name)
    ), gone as (
      delete from platform_event_log where (organization_id, position) in (
        select organization_id, position from platform_event_log
        where sequence <= (select sequence from delivered) and created_at < now() - make_interval(days => ${keepDays})
        order by sequence limit ${limit})
      returning organization_id, event_id
    )
    delete from platform_outbox where (organization_id, id) in (select organization_id, event_id from gone)`.execute(
    transaction,
  );
  return Number(result.numAffectedRows ?? 0n);
}

/**
 * Removes what the inbox noted, and dead letters, longer ago than that; at most `limit` of each; run as the system login.
 * Returns the larger of both numbers: less than `limit` means that nothing old is left.
 */
export async function pruneDeliveries<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  { inboxDays, deadLetterDays, limit }: { inboxDays: number; deadLetterDays: number; limit: number },
): Promise<number> {
  const entries = await sql`
    delete from platform_inbox where (organization_id, subscriber, event_id) in (
      select organization_id, subscriber, event_id from platform_inbox as entry
      where received_at < now() - make_interval(days => ${inboxDays})
        -- An event that can still be relayed or replayed must find its entry.
        and not exists (select from platform_outbox as event
          where event.organization_id = entry.organization_id and event.id = entry.event_id)
      limit ${limit})`.execute(transaction);
  const letters = await sql`
    delete from platform_dead_letters where (organization_id, id) in (
      select organization_id, id from platform_dead_letters
      where created_at < now() - make_interval(days => ${deadLetterDays}) limit ${limit})`.execute(transaction);
  return Math.max(...[entries, letters].map(({ numAffectedRows = 0n }) => Number(numAffectedRows)));
}
