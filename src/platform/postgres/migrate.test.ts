import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { findMigrations, type Migration } from './find-migrations.ts';
import { checkMigrated, migrate, planMigrations } from './migrate.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nexus-migrations-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(file: string, sql: string): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), sql);
}

describe('finding migrations', () => {
  it('orders those of platform and modules by number', async () => {
    await write('modules/corpus/migrations/0020_documents.sql', 'select 2');
    await write('platform/deep/er/migrations/0003_ground.sql', 'select 1');
    await write('modules/corpus/0021_elsewhere.sql', 'select 3');
    const names = (await findMigrations(root)).map((migration) => migration.name);
    expect(names).toEqual(['0003_ground', '0020_documents']);
  });

  it('refuses a number that is used twice, and a bad name', async () => {
    await write('modules/corpus/migrations/0020_documents.sql', '');
    await write('modules/chat/migrations/0020_messages.sql', '');
    await expect(findMigrations(root)).rejects.toMatchObject({ code: 'MIGRATION_INVALID' });
    await rm(path.join(root, 'modules/chat'), { recursive: true });
    await write('modules/chat/migrations/30_messages.sql', '');
    await expect(findMigrations(root)).rejects.toMatchObject({ code: 'MIGRATION_INVALID' });
  });

  it('does not see a difference in line ends', async () => {
    await write('platform/migrations/0001_one.sql', 'select 1;\nselect 2;\n');
    const [unix] = await findMigrations(root);
    await write('platform/migrations/0001_one.sql', 'select 1;\r\nselect 2;\r\n');
    const [windows] = await findMigrations(root);
    expect(windows?.checksum).toBe(unix?.checksum);
  });
});

describe('planning', () => {
  const migration = (number: number, checksum = 'same'): Migration => ({
    number,
    name: `m${number}`,
    sql: '',
    checksum,
    transactional: true,
  });

  it('takes what is missing, also below what was applied', () => {
    const pending = planMigrations([migration(1), migration(11), migration(20)], [migration(1), migration(20)]);
    expect(pending.map((found) => found.number)).toEqual([11]);
  });

  it('refuses changed contents and a newer database', () => {
    expect(() => planMigrations([migration(1, 'new')], [migration(1, 'old')])).toThrow(
      expect.objectContaining({ code: 'MIGRATION_CHANGED' }),
    );
    expect(() => planMigrations([migration(1)], [migration(1), migration(2)])).toThrow(
      expect.objectContaining({ code: 'DATABASE_NEWER', message: expect.stringContaining('m2') }),
    );
  });
});

describe('migrating', () => {
  let test: TestDatabase;
  let shipped: Migration[];
  beforeAll(async () => {
    test = await openTestDatabase();
    shipped = await findMigrations(path.resolve(import.meta.dirname, '../..'));
  });
  afterAll(() => test.close());

  const extra = (number: number, sql: string, transactional = true): Migration => ({
    number,
    name: `${number}_extra`,
    sql,
    checksum: sql,
    transactional,
  });

  it('has nothing to do on a migrated database', async () => {
    expect(await migrate(test.urls.owner, shipped)).toEqual([]);
    await expect(checkMigrated(test.urls.app, shipped)).resolves.toBeUndefined();
  });

  it('names what a replica lacks', async () => {
    const check = checkMigrated(test.urls.app, [...shipped, extra(9001, 'select 1')]);
    await expect(check).rejects.toMatchObject({
      code: 'DATABASE_NOT_MIGRATED',
      details: { pending: ['9001_extra'] },
    });
  });

  it('undoes a migration that fails, and names it', async () => {
    const failing = extra(9002, 'create table half_done (id int); select 1 / 0;');
    await expect(migrate(test.urls.owner, [...shipped, failing])).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      details: { migration: '9002_extra' },
    });
    expect(await test.ownerSql("select to_regclass('half_done') as found")).toEqual([{ found: null }]);
  });

  it('applies once when two processes migrate together, also outside a transaction', async () => {
    const sql = [
      '-- no-transaction',
      'create table if not exists raced (id int not null);',
      'create index concurrently if not exists raced_index on raced (id);',
    ].join('\n');
    const migrations = [...shipped, extra(9003, sql, false)];
    const applied = await Promise.all([1, 2, 3].map(() => migrate(test.urls.owner, migrations)));
    expect(applied.flat()).toEqual(['9003_extra']);
    expect(await test.ownerSql("select indisvalid from pg_index where indexrelid = 'raced_index'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });

  it('is refused to every login but the owner', async () => {
    await expect(migrate(test.urls.system, shipped)).rejects.toMatchObject({ code: 'DATABASE_LOGIN_UNSAFE' });
  });

  it('does not wait for ever for another process', async () => {
    await test.ownerSql('select pg_advisory_lock(7230115)');
    await expect(migrate(test.urls.owner, shipped, { lockTimeoutMs: 150 })).rejects.toMatchObject({
      code: 'MIGRATION_LOCKED',
    });
    await test.ownerSql('select pg_advisory_unlock(7230115)');
  });
});

describe('monthly partitions', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
    await test.ownerSql(
      `create table parts (organization_id uuid not null, id uuid not null,
         constraint parts_pkey primary key (organization_id, id)) partition by range (id)`,
    );
    await test.ownerSql("select platform_protect_tenant_table('parts')");
  });
  afterAll(() => test.close());

  const ensure = async (tables: string[], months: number): Promise<string[]> => {
    const { sql } = await import('kysely');
    const { rows } = await test.database
      .withTables()
      .asSystem('make partitions', (transaction) =>
        sql<{ name: string }>`select platform_ensure_partitions(${tables}, ${months}) as name`.execute(transaction),
      );
    return rows.map((row) => row.name);
  };

  it('are made ahead by the system login, once, and locked like their table', async () => {
    expect(await ensure(['parts'], 3)).toHaveLength(4);
    expect(await ensure(['parts'], 3)).toEqual([]);
    const facts = await test.adminSql(
      `select distinct relrowsecurity and relforcerowsecurity as locked, relowner::regrole::text as owner
       from pg_class where relispartition and relkind = 'r' and relname like 'parts_y%'`,
    );
    expect(facts).toEqual([{ locked: true, owner: 'nexus_owner' }]);
  });

  it('meet exactly at the first id of a month', async () => {
    const rows = await test.ownerSql<{ id: string }>("select platform_first_id_of('2026-12-01T00:00:00Z') as id");
    expect(rows[0]?.id.replaceAll('-', '').slice(0, 12)).toBe(
      Date.parse('2026-12-01T00:00:00Z').toString(16).padStart(12, '0'),
    );
  });

  it('are refused for a table that is not partitioned or does not exist', async () => {
    await expect(ensure(['platform_outbox'], 1)).rejects.toThrow(/not a partitioned table/);
    await expect(ensure(['pg_class; drop table parts'], 1)).rejects.toThrow(/not a partitioned table/);
    await expect(ensure(['parts'], 25)).rejects.toThrow(/at most/);
  });
});
