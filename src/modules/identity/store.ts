import { type Generated, sql } from 'kysely';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string; id: string; created_at: Generated<Date> };

export type IdentityTables = {
  identity_organizations: Tenant & { name: string; updated_at: Generated<Date> };
  identity_sign_in_tokens: Tenant & { token_hash: Buffer; expires_at: Date; used_at: Date | null };
  identity_sessions: Tenant & { token_hash: Buffer; expires_at: Date };
};

type IdentityTransaction = Transaction<IdentityTables>;

/** Holds everybody else off until the end of the transaction, so that two first starts make one organization. */
export async function lockFirstOrganization(transaction: IdentityTransaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('identity first organization'))`.execute(transaction);
}

export function findFirstOrganization(transaction: IdentityTransaction) {
  return transaction.selectFrom('identity_organizations').select(['id', 'name']).orderBy('id').executeTakeFirst();
}

export async function selectOrganizationIds(transaction: IdentityTransaction): Promise<string[]> {
  const rows = await transaction.selectFrom('identity_organizations').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}

export async function insertOrganization(
  transaction: IdentityTransaction,
  organization: { id: string; name: string },
): Promise<void> {
  await transaction
    .insertInto('identity_organizations')
    .values({ organization_id: organization.id, id: organization.id, name: organization.name })
    .execute();
}

export function readOrganization(transaction: IdentityTransaction) {
  return transaction.selectFrom('identity_organizations').select(['id', 'name']).executeTakeFirstOrThrow();
}

export type Credential = { organizationId: string; id: string; tokenHash: Buffer };

export async function insertSignInToken(
  transaction: IdentityTransaction,
  token: Credential & { lifetimeMinutes: number },
): Promise<void> {
  await transaction
    .insertInto('identity_sign_in_tokens')
    .values({
      organization_id: token.organizationId,
      id: token.id,
      token_hash: token.tokenHash,
      expires_at: sql<Date>`now() + make_interval(mins => ${token.lifetimeMinutes})`,
      used_at: null,
    })
    .execute();
}

export async function insertSession(
  transaction: IdentityTransaction,
  session: Credential & { lifetimeHours: number },
): Promise<Date> {
  const row = await transaction
    .insertInto('identity_sessions')
    .values({
      organization_id: session.organizationId,
      id: session.id,
      token_hash: session.tokenHash,
      expires_at: sql<Date>`now() + make_interval(hours => ${session.lifetimeHours})`,
    })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

export async function findSessionExpiry(
  transaction: IdentityTransaction,
  sessionId: string,
): Promise<Date | undefined> {
  const row = await transaction
    .selectFrom('identity_sessions')
    .select('expires_at')
    .where('id', '=', sessionId)
    .executeTakeFirst();
  return row?.expires_at;
}

export async function deleteSession(transaction: IdentityTransaction, sessionId: string): Promise<void> {
  await transaction.deleteFrom('identity_sessions').where('id', '=', sessionId).execute();
}

/** Run as the resolver login: uses the token up and tells whose it was. */
export async function redeemSignInToken(transaction: IdentityTransaction, tokenHash: Buffer) {
  const result = await sql<{ organization_id: string; token_id: string }>`
    select organization_id, token_id from identity_redeem_sign_in_token(${tokenHash})`.execute(transaction);
  return result.rows[0];
}

/** Run as the resolver login. */
export async function findSession(transaction: IdentityTransaction, tokenHash: Buffer) {
  const result = await sql<{ organization_id: string; session_id: string }>`
    select organization_id, session_id from identity_find_session(${tokenHash})`.execute(transaction);
  return result.rows[0];
}

/** Run as the system login. Returns how many credentials went. */
export async function deleteExpired(transaction: IdentityTransaction): Promise<number> {
  const sessions = await transaction
    .deleteFrom('identity_sessions')
    .where('expires_at', '<', sql<Date>`now()`)
    .executeTakeFirst();
  const tokens = await transaction
    .deleteFrom('identity_sign_in_tokens')
    .where('expires_at', '<', sql<Date>`now()`)
    .executeTakeFirst();
  return Number(sessions.numDeletedRows + tokens.numDeletedRows);
}
