import { sql } from 'kysely';
import type { Clock } from '../../clock.ts';
import { readChanges } from '../../postgres/change-order.ts';
import type { TableDatabase, Transaction } from '../../postgres/ports.ts';
import type { InboxTables } from '../inbox/store.ts';
import type { OutboxTable } from '../store.ts';
import type { LoggedEvent, NumberedEvent, RelayStore } from './relay-round.ts';

export type RelayTables = InboxTables & {
  platform_relay: {
    name: string;
    holder: string | null;
    lease_expires_at: Date;
    xid: string | null;
    id: string | null;
    sequence: string;
  };
  platform_subscribers: { name: string; sequence: string };
};

type RelayTransaction = Transaction<RelayTables>;

/** `holder` tells this relay from all others. */
export function createRelayStore(
  db: TableDatabase<RelayTables>,
  { holder, leaseMs, clock }: { holder: string; leaseMs: number; clock: Clock },
): RelayStore {
  let takenMs = Number.NEGATIVE_INFINITY;

  async function takeLease(): Promise<boolean> {
    // Renewed at a third of its time: an idle relay writes little. Numbering checks the holder itself.
    if (clock.monotonicMs() - takenMs < leaseMs / 3) return true;
    const askedMs = clock.monotonicMs();
    const isOurs = await db.asSystem('take the lease of the relay', async (transaction) => {
      const { rows } = await sql`
          update platform_relay
          set holder = ${holder}, lease_expires_at = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
          where name = 'events' and (holder = ${holder} or lease_expires_at < clock_timestamp()) returning name`.execute(
        transaction,
      );
      return rows.length > 0;
    });
    takenMs = isOurs ? askedMs : Number.NEGATIVE_INFINITY;
    return isOurs;
  }

  return {
    takeLease,
    releaseLease: () =>
      db.asSystem('release the lease of the relay', async (transaction) => {
        await sql`update platform_relay set lease_expires_at = '-infinity' where holder = ${holder}`.execute(
          transaction,
        );
      }),
    numberEvents: (limit) =>
      db.asSystem('number the events in their order', (transaction) => numberEvents(transaction, holder, limit)),
    readLog: (stretch, types, limit) =>
      db.asSystem('read which events are to be delivered', (transaction) =>
        readLog(transaction, stretch, types, limit),
      ),
    readReached: (subscriber) =>
      db.asSystem('read how far a subscriber has come', async (transaction) => {
        const { rows } = await sql<{ sequence: string }>`
          insert into platform_subscribers (name, sequence) values (${subscriber}, 0)
          on conflict (name) do update set updated_at = now() returning sequence`.execute(transaction);
        return BigInt(rows[0]?.sequence ?? '0');
      }),
    writeReached: (subscriber, sequence) =>
      db.asSystem('note how far a subscriber has come', async (transaction) => {
        await sql`
          update platform_subscribers set sequence = greatest(sequence, ${String(sequence)}::bigint), updated_at = now()
          where name = ${subscriber}`.execute(transaction);
      }),
  };
}

/**
 * Gives the next settled events their numbers. Undefined: somebody else relays now, and nothing was changed. The update
 * of our row is the fence: of two relays only one commits from the same place on.
 */
async function numberEvents(
  transaction: RelayTransaction,
  holder: string,
  limit: number,
): Promise<{ events: NumberedEvent[]; head: bigint } | undefined> {
  const { rows } = await sql<RelayTables['platform_relay']>`
    select * from platform_relay where name = 'events' and holder = ${holder}`.execute(transaction);
  const [place] = rows;
  if (place === undefined) return undefined;
  const after = place.xid === null || place.id === null ? undefined : { xid: place.xid, id: place.id };
  const changes = await readChanges(transaction, { table: 'platform_outbox', after, limit });
  const last = changes.at(-1)?.position;
  const before = BigInt(place.sequence);
  if (last === undefined) return { events: [], head: before };
  const moved = await sql`
    update platform_relay set xid = ${last.xid}::xid8, id = ${last.id}::uuid, sequence = sequence + ${changes.length}
    where name = 'events' and holder = ${holder} and sequence = ${place.sequence}::bigint returning name`.execute(
    transaction,
  );
  if (moved.rows.length === 0) return undefined;
  const events = changes.map(({ row }) => row as unknown as Required<OutboxTable> & { created_at: Date });
  await writeLog(transaction, before, events);
  const numbered = events.map(({ id, organization_id, type, created_at }) => ({
    id,
    organizationId: organization_id,
    type,
    occurredAt: created_at,
  }));
  return { events: numbered, head: before + BigInt(events.length) };
}

async function writeLog(
  transaction: RelayTransaction,
  sequence: bigint,
  events: readonly { id: string; organization_id: string }[],
): Promise<void> {
  await sql`
    with given as (
      select organization_id, event_id, ordinal,
        row_number() over (partition by organization_id order by ordinal) as place,
        count(*) over (partition by organization_id) as added
      from unnest(${events.map((event) => event.organization_id)}::uuid[], ${events.map((event) => event.id)}::uuid[])
        with ordinality as event (organization_id, event_id, ordinal)
    ), counted as (
      insert into platform_event_positions as known (organization_id, position)
      select distinct organization_id, added from given
      on conflict (organization_id) do update set position = known.position + excluded.position
      returning organization_id, position
    )
    insert into platform_event_log (organization_id, position, sequence, event_id)
    select organization_id, counted.position - given.added + given.place, ${String(sequence)}::bigint + ordinal, event_id
    from given join counted using (organization_id) order by ordinal`.execute(transaction);
}

async function readLog(
  transaction: RelayTransaction,
  { after, head }: { after: bigint; head: bigint },
  types: readonly string[] | 'all',
  limit: number,
): Promise<{ events: LoggedEvent[]; upTo: bigint }> {
  const isWanted = types === 'all' ? sql`true` : sql`o.type = any(${[...types]}::text[])`;
  const { rows } = await sql<{ sequence: string; organization_id: string; event_id: string }>`
    select l.sequence, l.organization_id, l.event_id
    from platform_event_log l join platform_outbox o on o.organization_id = l.organization_id and o.id = l.event_id
    where l.sequence > ${String(after)}::bigint and l.sequence <= ${String(head)}::bigint and ${isWanted}
    order by l.sequence limit ${limit}`.execute(transaction);
  const events = rows.map((row) => ({
    id: row.event_id,
    organizationId: row.organization_id,
    sequence: BigInt(row.sequence),
  }));
  return { events, upTo: rows.length === limit ? (events.at(-1)?.sequence ?? head) : head };
}
