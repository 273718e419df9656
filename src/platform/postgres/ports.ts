import type { Kysely } from 'kysely';

/** A connection inside an open transaction, typed by the tables its holder may name. */
export type Transaction<Tables> = Kysely<Tables>;

/** One module's door to the database: it can name its own tables only. */
export type TableDatabase<Tables> = {
  /**
   * Runs `work` in one transaction as the app login with this organization's rows visible and no others. Commits when
   * it returns, rolls back when it throws. Serialization failures and lost connections come as AppError `unavailable`.
   */
  inOrganization<Result>(
    organizationId: string,
    work: (transaction: Transaction<Tables>) => Promise<Result>,
  ): Promise<Result>;
  /**
   * Runs `work` as the system login, across organizations, through the few policies written for it. `reason` is a
   * sentence; a test counts the places.
   */
  asSystem<Result>(reason: string, work: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  /** Runs `work` as the resolver login, which may only execute the functions that turn a credential's hash into ids. */
  asResolver<Result>(work: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result>;
};

/** The whole database, held by `app/` only. */
export type Database = {
  withTables<Tables>(): TableDatabase<Tables>;
  /** Answers when each login can be reached; throws AppError `unavailable` naming the one that cannot. */
  ping(): Promise<void>;
  close(): Promise<void>;
};
