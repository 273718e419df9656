import type { ErrorCatalogue } from '../errors.ts';

export const postgresErrors = {
  DATABASE_UNAVAILABLE:
    'The database cannot be reached or went away. It is tried again by itself; see `./nexus doctor`.',
  DATABASE_BUSY: 'Too many requests wait for a database connection. Try again, or raise `database.pools`.',
  DATABASE_CONFLICT: 'Two transactions touched the same rows at once and one was undone. Try again.',
  DATABASE_TIMEOUT:
    'A statement or lock took longer than `database.statementTimeoutMs`. Try again or narrow the request.',
  TEXT_INVALID: 'A text holds the character NUL, which cannot be stored. Remove it.',
  DATABASE_ACCESS_DENIED:
    'The database refused the login. Run `./nexus migrate` to repair the logins, or correct the URL.',
  DATABASE_DAMAGED:
    'The database found data on its disk that is not what it wrote. Check the disk, then restore the database from a backup.',
  STORAGE_FULL:
    'The disk of the database or of the object store is full. Free space; writing resumes by itself, reading goes on.',
  TRANSACTION_NOT_COMMITTED:
    'A failed statement was swallowed and the transaction was undone instead of committed. This is a bug.',
  TRANSACTION_MISUSED: 'A transaction was used after its end or nested by hand. This is a bug.',
  ORGANIZATION_ID_INVALID: 'The organization id is not a UUID. This is a bug or a forged id.',
  DATABASE_LOGIN_UNSAFE:
    'A database login may do more than it should, so row-level security would not hold. Run `./nexus migrate` to repair it.',
  DATABASE_LOGIN_MISSING: 'A login URL is missing. Set `database.url` with `database.loginSecret`, or all login URLs.',
  DATABASE_SECRET_LOST: 'The secret of the embedded database is missing or damaged. Restore NEXUS_HOME/secrets.',
  MIGRATION_INVALID: 'The migration files do not fit together (name, number). This is a bug of this release.',
  MIGRATION_CHANGED: 'A migration that was already applied has other contents now. Install the release it came with.',
  MIGRATION_FAILED: 'A migration failed and was undone. The message names it; correct the cause and migrate again.',
  MIGRATION_LOCKED: 'Another process is migrating this database. Wait for it to finish.',
  DATABASE_NOT_MIGRATED: 'The database is older than this release. Run `./nexus migrate` as the owner first.',
  DATABASE_NEWER: 'The database was migrated by a newer release. Install that release or a newer one.',
  CHANGE_POSITION_INVALID: 'The position is not one that this server gave out. Use the one from the last answer.',
  EMBEDDED_POSTGRES_UNSUPPORTED:
    'No embedded PostgreSQL exists for this platform. Set DATABASE_URL to a PostgreSQL 15–18.',
  EMBEDDED_POSTGRES_VERSION: 'The data directory was made by another major version. Restore a backup into a new home.',
  EMBEDDED_POSTGRES_FAILED: 'The embedded PostgreSQL did not start. Its last log lines are in the message.',
  EMBEDDED_POSTGRES_STUCK: 'An earlier embedded PostgreSQL of this home does not end. The message names its process.',
  DISK_FULL: 'The disk is full, so the embedded PostgreSQL cannot start. Free space under NEXUS_HOME and start again.',
} as const satisfies ErrorCatalogue;

/** SQLSTATE of an error of PostgreSQL, or Node's code of a failed connection. */
export function sqlStateOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** True for a violated unique or primary key, and, when `constraint` is given, only for that one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return isViolation(error, '23505', constraint);
}

/** The same for a foreign key: what a row points to is missing, or something still points to it. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return isViolation(error, '23503', constraint);
}

function isViolation(error: unknown, sqlState: string, constraint: string | undefined): boolean {
  if (!(error instanceof Error) || sqlStateOf(error) !== sqlState) return false;
  return constraint === undefined || ('constraint' in error && error.constraint === constraint);
}
