/** A database as an earlier release left it, to be brought up to date. */
import path from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { Secret } from '#platform/secret.ts';
import type { TestDatabase } from './postgres.ts';

export type OldDatabase = {
  /** As the server's superuser, past row-level security. */
  adminSql<Row extends pg.QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]>;
  /** Applies what it lacks, as the owner. */
  migrate(): Promise<void>;
  close(): Promise<void>;
};

/** With the migrations up to this number. `beside`: a database of the same run, whose logins it shares. */
export async function openOldDatabase(beside: TestDatabase, lastMigration: number): Promise<OldDatabase> {
  const [row] = await beside.adminSql<{ name: string }>('select current_database() as name');
  const name = `${row?.name}_${lastMigration}`;
  await beside.adminSql(`create database ${name} encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0`);
  const urlOf = (url: string) => url.replace(/^([^:]+:\/\/[^/?]*)(\/[^?]*)?/, `$1/${name}`);
  const admin = new pg.Pool({ connectionString: urlOf(inject('testPostgres').adminUrl), max: 1 });
  admin.on('error', () => undefined);
  await admin.query(`grant connect, create on database ${name} to nexus_owner`);
  await admin.query('grant usage, create on schema public to nexus_owner');
  await admin.query('grant usage on schema public to nexus_app, nexus_resolver, nexus_system');
  const owner = new Secret(urlOf(beside.urls.owner.reveal()));
  const all = await findMigrations(path.resolve(import.meta.dirname, '../../src'));
  await migrate(
    owner,
    all.filter(({ number }) => number <= lastMigration),
  );
  return {
    adminSql: async (text, parameters) => (await admin.query(text, parameters)).rows,
    migrate: async () => {
      await migrate(owner, all);
    },
    async close() {
      await admin.end();
      await beside.adminSql(`drop database if exists ${name} with (force)`);
    },
  };
}
