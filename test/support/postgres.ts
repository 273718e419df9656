/** One PostgreSQL for a test run, one database cloned from a migrated template for each test file. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { bootstrapLogins } from '#platform/postgres/bootstrap-logins.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { openDatabase } from '#platform/postgres/database.ts';
import { startEmbeddedPostgres } from '#platform/postgres/embedded/embedded-postgres.ts';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { deriveLoginUrls, type LoginUrls, socketUrl } from '#platform/postgres/logins.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import type { Database } from '#platform/postgres/ports.ts';
import { Secret } from '#platform/secret.ts';

declare module 'vitest' {
  interface ProvidedContext {
    testPostgres: TestPostgres;
  }
}

/** How a test process reaches the server of this run. */
export type TestPostgres = { adminUrl: string; template: string };

/** A database of a test's own; everything in it is gone after `close`. */
export type TestDatabase = {
  database: Database;
  urls: LoginUrls;
  /** As nexus_owner, which forced row-level security binds too. */
  ownerSql<Row extends pg.QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]>;
  /** As the server's superuser, past row-level security. */
  adminSql<Row extends pg.QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
};

/** Roles belong to the whole server, so every run on one server uses the same secret. */
const loginSecret = new Secret('nexus-test-login-secret');
const namePrefix = 'nexus_test_';
const leftoverAgeMs = 2 * 60 * 60 * 1000;

/** The settings that only cost time where nothing has to survive. */
const fastSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '150' };

type Run = { users: number; opening: Promise<TestPostgres & { stop(): Promise<void> }> };

/** Several projects of one run share the server; vitest loads this file once for each. */
const runs = globalThis as unknown as { nexusTestPostgres?: Run };

export async function setup(project: TestProject): Promise<void> {
  runs.nexusTestPostgres ??= { users: 0, opening: openRun() };
  runs.nexusTestPostgres.users += 1;
  const { adminUrl, template } = await runs.nexusTestPostgres.opening;
  project.provide('testPostgres', { adminUrl, template });
}

export async function teardown(): Promise<void> {
  const run = runs.nexusTestPostgres;
  if (run === undefined) return;
  run.users -= 1;
  if (run.users > 0) return;
  delete runs.nexusTestPostgres;
  // A run that did not open has said so in setup and left nothing.
  const opened = await run.opening.catch(() => undefined);
  await opened?.stop();
}

/** Clones the template. `close` it in `afterAll`, or the run does not end. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = inject('testPostgres');
  const name = newName();
  await adminQuery(adminUrl, `create database ${name} template ${template}`);
  const url = inDatabase(adminUrl, name);
  await bootstrapLogins(new Secret(url), loginSecret);
  const urls = deriveLoginUrls(new Secret(url), loginSecret);
  const database = openDatabase({ urls, config: databaseConfig.parse({}) });
  const owner = onDemand(urls.owner.reveal());
  const admin = onDemand(url);
  return {
    database,
    urls,
    ownerSql: owner.query,
    adminSql: admin.query,
    async close() {
      await Promise.all([database.close(), owner.close(), admin.close()]);
      await adminQuery(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

function onDemand(connectionString: string) {
  const pool = new pg.Pool({ connectionString, max: 1 });
  pool.on('error', () => undefined);
  return {
    query: async <Row extends pg.QueryResultRow>(text: string, parameters: unknown[] = []): Promise<Row[]> =>
      (await pool.query<Row>(text, parameters)).rows,
    close: () => pool.end(),
  };
}

async function openRun(): Promise<TestPostgres & { stop(): Promise<void> }> {
  const given = process.env.NEXUS_TEST_DATABASE_URL;
  const server = given === undefined ? await openEmbedded() : { adminUrl: given, stop: async () => undefined };
  if (given !== undefined) await dropLeftovers(given);
  const template = newName();
  try {
    await makeTemplate(server.adminUrl, template);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    adminUrl: server.adminUrl,
    template,
    async stop() {
      await adminQuery(server.adminUrl, `drop database if exists ${template} with (force)`);
      await server.stop();
    },
  };
}

async function makeTemplate(adminUrl: string, template: string): Promise<void> {
  await adminQuery(
    adminUrl,
    `create database ${template} encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0`,
  );
  const url = new Secret(inDatabase(adminUrl, template));
  await bootstrapLogins(url, loginSecret);
  const migrations = await findMigrations(path.resolve(import.meta.dirname, '../../src'));
  await migrate(deriveLoginUrls(url, loginSecret).owner, migrations);
}

/** An empty NEXUS_HOME that is removed by `remove`, or by itself when the process is killed. */
export function openTemporaryHome(): { home: string; remove(): void } {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-test-'));
  const broom = startBroom(home);
  return {
    home,
    remove() {
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      broom.stdin?.end();
    },
  };
}

async function openEmbedded(): Promise<{ adminUrl: string; stop(): Promise<void> }> {
  const { home, remove } = openTemporaryHome();
  const adminPassword = new Secret(randomBytes(16).toString('hex'));
  const server = await startEmbeddedPostgres({
    home,
    config: databaseConfig.parse({}).embedded,
    adminPassword,
    overrides: { settings: fastSettings },
  });
  return {
    adminUrl: socketUrl(server.socketDirectory, 'postgres', 'postgres', adminPassword).reveal(),
    async stop() {
      await server.stop();
      remove();
    },
  };
}

/**
 * A shell on a pipe that ends with us: when the run is killed, the server stops by itself (it dies with its parent) and
 * the shell removes its directory, at most ten seconds later.
 */
function startBroom(home: string) {
  const script =
    'cat >/dev/null; i=0; while [ -e "$1" ] && [ $i -lt 20 ]; do sleep 0.5; umount -l "$1" 2>/dev/null; rm -rf "$1" 2>/dev/null; i=$((i+1)); done';
  const broom = spawn('/bin/sh', ['-c', script, 'broom', home], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  broom.unref();
  if ('unref' in broom.stdin && typeof broom.stdin.unref === 'function') broom.stdin.unref();
  return broom;
}

/** The name tells its age, so that a later run removes what a killed one left on a server. */
function newName(): string {
  return `${namePrefix}${Date.now()}_${randomBytes(4).toString('hex')}`;
}

async function dropLeftovers(adminUrl: string): Promise<void> {
  const rows = await adminQuery<{ datname: string }>(
    adminUrl,
    `select datname from pg_database where datname ~ '^${namePrefix}[0-9]+_'`,
  );
  const oldest = Date.now() - leftoverAgeMs;
  for (const { datname } of rows) {
    if (Number(datname.slice(namePrefix.length).split('_')[0]) < oldest) {
      await adminQuery(adminUrl, `drop database if exists ${datname} with (force)`);
    }
  }
}

function inDatabase(url: string, database: string): string {
  const [, before = '', query = ''] = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(url) ?? [];
  return `${before}/${database}${query}`;
}

async function adminQuery<Row extends pg.QueryResultRow>(adminUrl: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
