import { type Generated, sql } from 'kysely';
import type { EventLogTable, OutboxTable } from '#platform/events/index.ts';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string };

export type DeliveryState = 'pending' | 'sending' | 'delivered' | 'dead';

/** The tables of this module, and those of the event log that it replays from. */
export type MessagingTables = {
  messaging_webhooks: Tenant & {
    id: string;
    name: string;
    url: string;
    types: string[] | null;
    state: Generated<'active' | 'disabled'>;
    disabled_reason: string | null;
    secret: Buffer;
    previous_secret: Buffer | null;
    previous_secret_until: Date | null;
    max_concurrent: Generated<number>;
    blocked_until: Generated<Date>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  messaging_deliveries: Tenant & {
    id: string;
    webhook_id: string;
    event_id: string;
    position: string;
    type: string;
    payload: string;
    state: Generated<DeliveryState>;
    attempts: Generated<number>;
    due_at: Generated<Date>;
    first_failed_at: Date | null;
    last_status: number | null;
    last_reason: string | null;
    created_at: Generated<Date>;
    finished_at: Date | null;
  };
  platform_outbox: OutboxTable;
  platform_event_log: EventLogTable;
};

export type MessagingTransaction = Transaction<MessagingTables>;
export type NewWebhook = Tenant & {
  id: string;
  name: string;
  url: string;
  types: string[] | null;
  max_concurrent: number;
  secret: Buffer;
};
export type WebhookRow = Awaited<ReturnType<typeof listWebhookRows>>[number];
export type DeliveryRow = Awaited<ReturnType<typeof listDeliveryRows>>[number];

export async function countWebhooks(transaction: MessagingTransaction): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from messaging_webhooks`.execute(
    transaction,
  );
  return rows[0]?.count ?? 0;
}

export async function insertWebhook(transaction: MessagingTransaction, webhook: NewWebhook): Promise<WebhookRow> {
  return transaction.insertInto('messaging_webhooks').values(webhook).returningAll().executeTakeFirstOrThrow();
}

/** Newest first. */
export function listWebhookRows(
  transaction: MessagingTransaction,
  page: { beforeId: string | undefined; limit: number },
) {
  let query = transaction.selectFrom('messaging_webhooks').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (page.beforeId !== undefined) query = query.where('id', '<', page.beforeId);
  return query.execute();
}

export function findWebhook(transaction: MessagingTransaction, webhookId: string): Promise<WebhookRow | undefined> {
  return transaction.selectFrom('messaging_webhooks').selectAll().where('id', '=', webhookId).executeTakeFirst();
}

export type WebhookChange = {
  name?: string | undefined;
  url?: string | undefined;
  types?: string[] | null | undefined;
  max_concurrent?: number | undefined;
  state?: 'active' | 'disabled' | undefined;
  disabled_reason?: string | null;
};

export async function updateWebhook(
  transaction: MessagingTransaction,
  webhookId: string,
  change: WebhookChange,
): Promise<WebhookRow | undefined> {
  return transaction
    .updateTable('messaging_webhooks')
    .set({ ...change, blocked_until: sql<Date>`'-infinity'`, updated_at: sql<Date>`now()` })
    .where('id', '=', webhookId)
    .returningAll()
    .executeTakeFirst();
}

/** What waits gets all of its time again. */
export async function forgetFailures(transaction: MessagingTransaction, webhookId: string): Promise<void> {
  await sql`
    update messaging_deliveries set first_failed_at = null, due_at = now()
    where webhook_id = ${webhookId} and state = 'pending'`.execute(transaction);
}

export async function replaceSecret(
  transaction: MessagingTransaction,
  webhookId: string,
  { secret, overlapHours }: { secret: Buffer; overlapHours: number },
): Promise<boolean> {
  const { rows } = await sql`
    update messaging_webhooks set previous_secret = secret, secret = ${secret},
      previous_secret_until = now() + make_interval(secs => ${overlapHours * 3600}), updated_at = now()
    where id = ${webhookId} returning id`.execute(transaction);
  return rows.length > 0;
}

export async function deleteWebhookRow(transaction: MessagingTransaction, webhookId: string): Promise<boolean> {
  const result = await transaction.deleteFrom('messaging_webhooks').where('id', '=', webhookId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function listSubscriptions(
  transaction: MessagingTransaction,
): Promise<{ id: string; types: string[] | null }[]> {
  return transaction.selectFrom('messaging_webhooks').select(['id', 'types']).where('state', '=', 'active').execute();
}

export type NewDelivery = {
  id: string;
  webhookId: string;
  eventId: string;
  position: number;
  type: string;
  payload: string;
};

/** Those that are there already stay as they are, or wait anew when `again` and they are finished. Answers how many wait now. */
export async function insertDeliveries(
  transaction: MessagingTransaction,
  organizationId: string,
  deliveries: readonly NewDelivery[],
  { again }: { again: boolean },
): Promise<number> {
  if (deliveries.length === 0) return 0;
  const column = <Value>(pick: (delivery: NewDelivery) => Value) => deliveries.map(pick);
  const onConflict = again
    ? sql`do update set state = 'pending', attempts = 0, due_at = now(), first_failed_at = null, finished_at = null
        where messaging_deliveries.state in ('delivered', 'dead')`
    : sql`do nothing`;
  const { rows } = await sql`
    insert into messaging_deliveries (organization_id, id, webhook_id, event_id, position, type, payload)
    select ${organizationId}::uuid, given.* from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ webhookId }) => webhookId)}::uuid[],
      ${column(({ eventId }) => eventId)}::uuid[], ${column(({ position }) => position)}::bigint[],
      ${column(({ type }) => type)}::text[], ${column(({ payload }) => payload)}::text[]) as given
    on conflict (organization_id, webhook_id, event_id) ${onConflict} returning id`.execute(transaction);
  return rows.length;
}

/** Run as the system login. */
export async function findDueWebhooks(
  transaction: MessagingTransaction,
  limit: number,
): Promise<{ organizationId: string; webhookId: string }[]> {
  const { rows } = await sql<{ organizationId: string; webhookId: string }>`
    select organization_id as "organizationId", id as "webhookId" from messaging_webhooks as webhook
    where state = 'active' and blocked_until <= now() and exists (
      select from messaging_deliveries as delivery
      where delivery.organization_id = webhook.organization_id and delivery.webhook_id = webhook.id
        and delivery.state in ('pending', 'sending') and delivery.due_at <= now())
    order by updated_at limit ${limit}`.execute(transaction);
  return rows;
}

export type ClaimedDelivery = {
  id: string;
  eventId: string;
  payload: string;
  attempts: number;
  firstFailedAt: Date | null;
};

/**
 * Takes what is to be sent to the webhook now. Locks the webhook, so two senders together never have more under way than
 * it allows. In order (one at a time) only the foremost delivery counts, due or not.
 */
export async function claimDeliveries(
  transaction: MessagingTransaction,
  webhookId: string,
  leaseMs: number,
): Promise<{ webhook: WebhookRow; deliveries: ClaimedDelivery[] } | undefined> {
  const webhook = await transaction
    .selectFrom('messaging_webhooks')
    .selectAll()
    .where('id', '=', webhookId)
    .forUpdate()
    .executeTakeFirst();
  if (webhook?.state !== 'active') return undefined;
  const { rows } = await sql<ClaimedDelivery>`
    with waiting as (
      select id, due_at from messaging_deliveries
      where webhook_id = ${webhookId} and state in ('pending', 'sending')
        and (${webhook.max_concurrent} = 1 or due_at <= now())
      order by position
      limit greatest(0, ${webhook.max_concurrent} - case when ${webhook.max_concurrent} = 1 then 0 else (
        select count(*) from messaging_deliveries
        where webhook_id = ${webhookId} and state = 'sending' and due_at > now()) end)
    )
    update messaging_deliveries as delivery
    set state = 'sending', attempts = attempts + 1, due_at = now() + make_interval(secs => ${leaseMs / 1000})
    from waiting where delivery.id = waiting.id and waiting.due_at <= now()
    returning delivery.id, event_id as "eventId", payload, attempts, first_failed_at as "firstFailedAt"`.execute(
    transaction,
  );
  return { webhook, deliveries: rows };
}

/** False: another attempt has it now, and nothing was changed. */
export async function settleDelivery(
  transaction: MessagingTransaction,
  claimed: { id: string; attempts: number },
  end: {
    state: 'pending' | 'delivered' | 'dead';
    waitMs: number;
    status: number | undefined;
    reason: string | undefined;
  },
): Promise<boolean> {
  const { rows } = await sql`
    update messaging_deliveries set state = ${end.state},
      due_at = now() + make_interval(secs => ${end.waitMs / 1000}),
      first_failed_at = case when ${end.state} = 'delivered' then first_failed_at else coalesce(first_failed_at, now()) end,
      finished_at = case when ${end.state} = 'pending' then null else now() end,
      last_status = ${end.status ?? null}, last_reason = ${end.reason ?? null}
    where id = ${claimed.id} and attempts = ${claimed.attempts} and state = 'sending' returning id`.execute(
    transaction,
  );
  return rows.length > 0;
}

export async function blockWebhook(
  transaction: MessagingTransaction,
  webhookId: string,
  waitMs: number,
): Promise<void> {
  await sql`
    update messaging_webhooks set blocked_until = now() + make_interval(secs => ${waitMs / 1000})
    where id = ${webhookId} and max_concurrent = 1`.execute(transaction);
}

/** Newest event first. */
export function listDeliveryRows(
  transaction: MessagingTransaction,
  query: { webhookId: string; state: DeliveryState | undefined; beforeId: string | undefined; limit: number },
) {
  let select = transaction
    .selectFrom('messaging_deliveries')
    .selectAll()
    .where('webhook_id', '=', query.webhookId)
    .orderBy('id', 'desc')
    .limit(query.limit);
  if (query.state !== undefined) select = select.where('state', '=', query.state);
  if (query.beforeId !== undefined) select = select.where('id', '<', query.beforeId);
  return select.execute();
}

export async function findDeliveryState(
  transaction: MessagingTransaction,
  key: { webhookId: string; deliveryId: string },
): Promise<DeliveryState | undefined> {
  const row = await transaction
    .selectFrom('messaging_deliveries')
    .select('state')
    .where('webhook_id', '=', key.webhookId)
    .where('id', '=', key.deliveryId)
    .executeTakeFirst();
  return row?.state;
}

/** Finished deliveries wait anew: the one, or every dead one of the webhook, at most `limit`. */
export async function retryDeliveries(
  transaction: MessagingTransaction,
  query: { webhookId: string; deliveryId: string | undefined; limit: number },
): Promise<number> {
  const which =
    query.deliveryId === undefined
      ? sql`state = 'dead'`
      : sql`id = ${query.deliveryId} and state in ('delivered', 'dead')`;
  const { rows } = await sql`
    update messaging_deliveries set state = 'pending', attempts = 0, due_at = now(), first_failed_at = null, finished_at = null
    where id in (select id from messaging_deliveries where webhook_id = ${query.webhookId} and ${which}
      order by position limit ${query.limit}) returning id`.execute(transaction);
  return rows.length;
}

/** The last position before a time, in the present organization. */
export async function findPositionBefore(transaction: MessagingTransaction, time: Date): Promise<number> {
  const { rows } = await sql<{ position: string | null }>`
    select min(l.position) as position from platform_event_log l
    join platform_outbox o on o.organization_id = l.organization_id and o.id = l.event_id
    where o.created_at >= ${time}`.execute(transaction);
  return rows[0]?.position == null ? Number.MAX_SAFE_INTEGER : Number(rows[0].position) - 1;
}

/** Removes finished deliveries; run as the system login. */
export async function pruneDeliveryRows(
  transaction: MessagingTransaction,
  { deliveredDays, deadDays, limit }: { deliveredDays: number; deadDays: number; limit: number },
): Promise<number> {
  const result = await sql`
    delete from messaging_deliveries where (organization_id, id) in (
      select organization_id, id from messaging_deliveries
      where state = 'delivered' and finished_at < now() - make_interval(days => ${deliveredDays})
         or state = 'dead' and finished_at < now() - make_interval(days => ${deadDays})
      limit ${limit})`.execute(transaction);
  return Number(result.numAffectedRows ?? 0n);
}
