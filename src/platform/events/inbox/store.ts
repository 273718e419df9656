import { type Generated, sql } from 'kysely';
import type { Transaction } from '../../postgres/ports.ts';
import type { Event } from '../ports.ts';
import type { EventLogTable, EventPriority, OutboxTable } from '../store.ts';

export type InboxTables = {
  platform_outbox: OutboxTable;
  platform_event_log: EventLogTable;
  platform_inbox: { organization_id: string; subscriber: string; event_id: string; received_at: Generated<Date> };
  platform_dead_letters: {
    organization_id: string;
    id: string;
    subscriber: string;
    event_id: string;
    event: unknown;
    reason_code: string;
    reason: string;
    attempts: number;
    created_at: Generated<Date>;
  };
};

type InboxTransaction = Transaction<InboxTables>;
type LogTables = Pick<InboxTables, 'platform_outbox' | 'platform_event_log'>;

/** Notes the events as taken in; answers those that were not before. Waits for whoever is taking the same ones in. */
export async function takeIn(
  transaction: InboxTransaction,
  delivery: { organizationId: string; subscriber: string; eventIds: readonly string[] },
): Promise<Set<string>> {
  const { organizationId, subscriber, eventIds } = delivery;
  // In one order everywhere, so that two deliveries of the same events cannot wait for each other.
  const { rows } = await sql<{ event_id: string }>`
    insert into platform_inbox (organization_id, subscriber, event_id)
    select ${organizationId}::uuid, ${subscriber}, id from unnest(${[...eventIds].sort()}::uuid[]) as given (id)
    on conflict do nothing returning event_id`.execute(transaction);
  return new Set(rows.map((row) => row.event_id));
}

type EventRow = {
  id: string;
  organization_id: string;
  position: string;
  type: string;
  version: number;
  priority: EventPriority;
  correlation_id: string | null;
  created_at: Date;
  data: Record<string, unknown>;
};

/**
 * The events of the present organization with these ids, in the order of their positions. Each by a lookup of its own:
 * before a table's first statistics the planner would read all of the organization's.
 */
export async function readEvents<Tables extends LogTables>(
  transaction: Transaction<Tables>,
  eventIds: readonly string[],
): Promise<Event[]> {
  const { rows } = await sql<EventRow>`
    select o.id, o.organization_id, l.position, o.type, o.version, o.priority, o.correlation_id, o.created_at, o.data
    from (select distinct event_id from unnest(${eventIds}::uuid[]) as given (event_id)) as wanted
    cross join lateral (
      select * from platform_event_log as entry where entry.event_id = wanted.event_id limit 1
    ) as l
    cross join lateral (
      select * from platform_outbox as event
      where event.organization_id = l.organization_id and event.id = l.event_id limit 1
    ) as o
    order by l.position`.execute(transaction);
  return rows.map(toEvent);
}

/** The events of the present organization after a position, oldest first. */
export async function readEventsAfter<Tables extends LogTables>(
  transaction: Transaction<Tables>,
  query: { position: number; limit: number },
): Promise<Event[]> {
  const { rows } = await sql<EventRow>`
    select o.id, o.organization_id, l.position, o.type, o.version, o.priority, o.correlation_id, o.created_at, o.data
    from platform_event_log l join platform_outbox o on o.organization_id = l.organization_id and o.id = l.event_id
    where l.position > ${query.position} order by l.position limit ${query.limit}`.execute(transaction);
  return rows.map(toEvent);
}

const toEvent = (row: EventRow): Event => ({
  id: row.id,
  organizationId: row.organization_id,
  position: Number(row.position),
  type: row.type,
  version: row.version,
  priority: row.priority,
  correlationId: row.correlation_id ?? row.id,
  occurredAt: row.created_at,
  data: row.data,
});

export type DeadLetter = {
  id: string;
  organizationId: string;
  subscriber: string;
  event: Event;
  reasonCode: string;
  reason: string;
  attempts: number;
};

export async function keepDeadLetter(transaction: InboxTransaction, letter: DeadLetter): Promise<void> {
  await sql`
    insert into platform_dead_letters (organization_id, id, subscriber, event_id, event, reason_code, reason, attempts)
    values (${letter.organizationId}, ${letter.id}, ${letter.subscriber}, ${letter.event.id},
      ${JSON.stringify(letter.event)}::jsonb, ${letter.reasonCode}, ${letter.reason}, ${letter.attempts})
    on conflict (organization_id, subscriber, event_id) do update
      set reason_code = excluded.reason_code, reason = excluded.reason,
          attempts = platform_dead_letters.attempts + excluded.attempts`.execute(transaction);
}

export type StoredDeadLetter = Omit<DeadLetter, 'organizationId'> & { createdAt: Date };

type DeadLetterRow = InboxTables['platform_dead_letters'] & { created_at: Date };

const toDeadLetter = (row: DeadLetterRow): StoredDeadLetter => {
  const event = row.event as Event & { occurredAt: string };
  return {
    id: row.id,
    subscriber: row.subscriber,
    event: { ...event, occurredAt: new Date(event.occurredAt) },
    reasonCode: row.reason_code,
    reason: row.reason,
    attempts: row.attempts,
    createdAt: row.created_at,
  };
};

/** Newest first. */
export async function listDeadLetters(
  transaction: InboxTransaction,
  page: { beforeId: string | undefined; limit: number },
): Promise<StoredDeadLetter[]> {
  const isBefore = page.beforeId === undefined ? sql`true` : sql`id < ${page.beforeId}::uuid`;
  const { rows } = await sql<DeadLetterRow>`
    select * from platform_dead_letters where ${isBefore} order by id desc limit ${page.limit}`.execute(transaction);
  return rows.map(toDeadLetter);
}

/** Takes the letter out; undefined when it is not there. Who takes the same one waits until we commit. */
export async function takeDeadLetter(
  transaction: InboxTransaction,
  letterId: string,
): Promise<StoredDeadLetter | undefined> {
  const { rows } = await sql<DeadLetterRow>`
    delete from platform_dead_letters where id = ${letterId} returning *`.execute(transaction);
  return rows[0] === undefined ? undefined : toDeadLetter(rows[0]);
}
