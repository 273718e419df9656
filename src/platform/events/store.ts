import { type Generated, sql } from 'kysely';
import type { Transaction } from '../postgres/ports.ts';

/** The outbox as a module's transaction sees it; every module that records events lists it among its tables. */
export type OutboxTable = {
  organization_id: string;
  id: string;
  xid: Generated<string>;
  type: string;
  subject: Record<string, string>;
  created_at: Generated<Date>;
};

/** A fact about to be stored. */
export type NewEvent = {
  /** UUIDv7. */
  id: string;
  organizationId: string;
  /** `noun.verbed`, past tense, from the list of events. */
  type: string;
  /** Ids only, snake_case names; content is read again inside the organization. */
  subject: Record<string, string>;
};

/** Writes the event into the outbox: it is announced if and only if the transaction commits. */
export async function recordEvent<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  event: NewEvent,
): Promise<void> {
  await sql`
    insert into platform_outbox (id, organization_id, type, subject)
    values (${event.id}, ${event.organizationId}, ${event.type}, ${JSON.stringify(event.subject)}::jsonb)
  `.execute(transaction);
}

/**
 * Removes events older than `keepDays`, at most `limit`; run as the system login. Nobody subscribes yet, so nothing that
 * was waited for is lost. Returns how many rows went.
 */
export async function pruneEvents<Tables extends { platform_outbox: OutboxTable }>(
  transaction: Transaction<Tables>,
  { keepDays, limit }: { keepDays: number; limit: number },
): Promise<number> {
  const result = await sql`
    delete from platform_outbox where (organization_id, id) in (
      select organization_id, id from platform_outbox
      where created_at < now() - make_interval(days => ${keepDays}) limit ${limit})`.execute(transaction);
  return Number(result.numAffectedRows ?? 0n);
}
