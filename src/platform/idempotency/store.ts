import { type Generated, type Kysely, sql } from 'kysely';
import type { Transaction } from '../postgres/ports.ts';

export type IdempotencyTables = {
  platform_idempotency_keys: {
    organization_id: string;
    key_hash: Buffer;
    fingerprint: Buffer;
    attempt: Generated<number>;
    has_effect: Generated<boolean>;
    locked_until: Date;
    status: number | null;
    reply: Buffer | null;
    created_at: Generated<Date>;
    expires_at: Date;
  };
};

export type IdempotencyTransaction = Transaction<IdempotencyTables>;

/** One request's hold on its key. */
export type Lock = { organizationId: string; keyHash: Buffer; attempt: number };

export type FoundKey = {
  fingerprint: Buffer;
  isLocked: boolean;
  hasEffect: boolean;
  status: number | null;
  reply: Buffer | null;
};

/**
 * Takes the key when it is new, expired, or lapsed without harm: nothing was changed, or `mayRepeat`. Answers the attempt,
 * or undefined when somebody else has it; then `findKey` tells how it stands.
 */
export async function takeKey(
  transaction: IdempotencyTransaction,
  request: {
    organizationId: string;
    keyHash: Buffer;
    fingerprint: Buffer;
    lockMs: number;
    keepHours: number;
    mayRepeat: boolean;
  },
): Promise<number | undefined> {
  const { organizationId, keyHash, fingerprint, lockMs, keepHours, mayRepeat } = request;
  const { rows } = await sql<{ attempt: number }>`
    insert into platform_idempotency_keys as known (organization_id, key_hash, fingerprint, locked_until, expires_at)
    values (${organizationId}, ${keyHash}, ${fingerprint},
      clock_timestamp() + make_interval(secs => ${lockMs / 1000}), now() + make_interval(hours => ${keepHours}))
    on conflict (organization_id, key_hash) do update set
      fingerprint = excluded.fingerprint, locked_until = excluded.locked_until, expires_at = excluded.expires_at,
      attempt = known.attempt + 1, has_effect = known.has_effect and known.expires_at >= now(), status = null, reply = null
    where known.expires_at < now()
      or (known.status is null and known.fingerprint = excluded.fingerprint and known.locked_until < clock_timestamp()
        and (${mayRepeat} or not known.has_effect))
    returning attempt`.execute(transaction);
  return rows[0]?.attempt;
}

export async function findKey(transaction: IdempotencyTransaction, keyHash: Buffer): Promise<FoundKey | undefined> {
  const { rows } = await sql<FoundKey>`
    select fingerprint, locked_until > clock_timestamp() as "isLocked", has_effect as "hasEffect", status, reply
    from platform_idempotency_keys where key_hash = ${keyHash}`.execute(transaction);
  return rows[0];
}

/**
 * Notes, in the transaction that is about to commit, that the request changed something; a transaction that only read is
 * left alone. False: another attempt holds the key, so this change must not commit.
 */
export async function noteEffect<Tables>(transaction: Kysely<Tables>, { keyHash, attempt }: Lock): Promise<boolean> {
  const { rows } = await sql<{ mayCommit: boolean }>`
    with writer as materialized (select pg_current_xact_id_if_assigned() is not null as writes),
    noted as (
      update platform_idempotency_keys set has_effect = true
      where key_hash = ${keyHash} and attempt = ${attempt} and (select writes from writer) returning 1
    )
    select not (select writes from writer) or exists (select from noted) as "mayCommit"`.execute(transaction);
  return rows[0]?.mayCommit === true;
}

export async function renewLock(
  transaction: IdempotencyTransaction,
  { keyHash, attempt }: Lock,
  lockMs: number,
): Promise<void> {
  await sql`
    update platform_idempotency_keys set locked_until = clock_timestamp() + make_interval(secs => ${lockMs / 1000})
    where key_hash = ${keyHash} and attempt = ${attempt} and status is null`.execute(transaction);
}

export async function keepReply(
  transaction: IdempotencyTransaction,
  { keyHash, attempt }: Lock,
  reply: { status: number; sealed: Buffer },
): Promise<void> {
  await transaction
    .updateTable('platform_idempotency_keys')
    .set({ status: reply.status, reply: reply.sealed })
    .where('key_hash', '=', keyHash)
    .where('attempt', '=', attempt)
    .execute();
}

/** Lets the next request with this key try at once; what is known of an effect stays. */
export async function releaseKey(transaction: IdempotencyTransaction, { keyHash, attempt }: Lock): Promise<void> {
  await sql`
    with unchanged as (
      delete from platform_idempotency_keys
      where key_hash = ${keyHash} and attempt = ${attempt} and status is null and not has_effect
    )
    update platform_idempotency_keys set locked_until = '-infinity'
    where key_hash = ${keyHash} and attempt = ${attempt} and status is null and has_effect`.execute(transaction);
}

/** Removes at most `limit` expired keys; run as the system login. Returns how many went. */
export async function pruneKeys(transaction: IdempotencyTransaction, limit: number): Promise<number> {
  const result = await sql`
    delete from platform_idempotency_keys where (organization_id, key_hash) in (
      select organization_id, key_hash from platform_idempotency_keys
      where expires_at < now() limit ${limit})`.execute(transaction);
  return Number(result.numAffectedRows ?? 0n);
}
