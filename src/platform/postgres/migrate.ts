import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { withClient } from './connect.ts';
import type { Migration } from './find-migrations.ts';
import { roleName } from './logins.ts';

type Applied = { number: number; name: string; checksum: string };

/** One of our own; any number that nothing else in the database uses. */
const lockKey = 7_230_115;
const lockPollMs = 100;

const createHistory = `
  create table if not exists platform_migrations (
    number integer not null constraint platform_migrations_pkey primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`;

/**
 * Brings the database to the state of this release, as the owner, one process at a time (waits up to `lockTimeoutMs`,
 * default 60 seconds). Returns the names of what was applied; nothing to do is an empty list.
 */
export async function migrate(
  ownerUrl: Secret,
  migrations: Migration[],
  options: { lockTimeoutMs?: number } = {},
): Promise<string[]> {
  return await withClient(ownerUrl, async (client) => {
    await requireOwner(client);
    await takeLock(client, options.lockTimeoutMs ?? 60_000);
    await client.query('set client_min_messages = warning');
    await client.query(createHistory);
    const pending = planMigrations(migrations, await readApplied(client));
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  });
}

/** For replicas: throws AppError `DATABASE_NOT_MIGRATED` naming what is pending, or the errors of a mismatch. */
export async function checkMigrated(url: Secret, migrations: Migration[]): Promise<void> {
  const applied = await withClient(url, readApplied);
  const pending = planMigrations(migrations, applied).map((migration) => migration.name);
  if (pending.length === 0) return;
  throw new AppError(
    'DATABASE_NOT_MIGRATED',
    'unavailable',
    `The database lacks ${pending.length} migration(s): ${pending.join(', ')}. Run \`./nexus migrate\` first.`,
    { details: { pending } },
  );
}

/** What is left to do, in order. A module's next number may be lower than another module's last one. */
export function planMigrations(migrations: Migration[], applied: Applied[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  const newer = applied.filter((row) => !known.has(row.number)).map((row) => row.name);
  if (newer.length > 0) {
    throw new AppError(
      'DATABASE_NEWER',
      'unsupported',
      `The database was migrated by a newer release (${newer.join(', ')}). Install that release.`,
      { details: { unknown: newer } },
    );
  }
  const changed = applied.filter((row) => known.get(row.number)?.checksum !== row.checksum).map((row) => row.name);
  if (changed.length > 0) {
    throw new AppError(
      'MIGRATION_CHANGED',
      'unsupported',
      `These migrations were applied with other contents: ${changed.join(', ')}. Install the release they came with.`,
      { details: { changed } },
    );
  }
  const done = new Set(applied.map((row) => row.number));
  return migrations.filter((migration) => !done.has(migration.number));
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<{ found: boolean }>(
    "select to_regclass('public.platform_migrations') is not null as found",
  );
  if (rows[0]?.found !== true) return [];
  return (await client.query<Applied>('select number, name, checksum from platform_migrations order by number')).rows;
}

/** What another login made would belong to it, and the policies and functions written for the owner would not hold. */
async function requireOwner(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ role: string }>('select current_user as role');
  const role = rows[0]?.role;
  if (role === roleName('owner')) return;
  throw new AppError(
    'DATABASE_LOGIN_UNSAFE',
    'unavailable',
    `Migrations run as ${roleName('owner')} only, not as ${role}. Set database.ownerUrl to that login, or database.url together with database.loginSecret.`,
    { details: { login: 'owner', role } },
  );
}

async function takeLock(client: pg.Client, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lockKey]);
    if (rows[0]?.taken === true) return;
    if (performance.now() >= deadlineMs) {
      throw new AppError('MIGRATION_LOCKED', 'conflict', 'Another process is migrating this database. Wait for it.');
    }
    await delay(lockPollMs);
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    if (migration.transactional) await client.query('begin');
    for (const statements of statementsOf(migration)) await client.query(statements);
    await client.query('insert into platform_migrations (number, name, checksum) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    if (migration.transactional) await client.query('commit');
  } catch (error) {
    if (migration.transactional) await client.query('rollback').catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('MIGRATION_FAILED', 'unavailable', `The migration ${migration.name} failed: ${reason}.`, {
      details: { migration: migration.name },
      cause: error,
    });
  }
}

/** Several statements sent together are one transaction to PostgreSQL, which CONCURRENTLY refuses. */
function statementsOf(migration: Migration): string[] {
  if (migration.transactional) return [migration.sql];
  return migration.sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^--.*$/gm, '').trim() !== '');
}
