import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { getConstructionPlans, PgBoss } from 'pg-boss';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const withoutBlanks = (sql: string): string => sql.replaceAll(/\s+/g, ' ').trim();

it('makes the tables of the installed pg-boss, statement by statement', async () => {
  const migration = await readFile(new URL('./migrations/0004_queue.sql', import.meta.url), 'utf8');
  const [, ours = ''] = /-- begin of pg-boss\n([\s\S]*)-- end of pg-boss/.exec(migration) ?? [];
  const plans = getConstructionPlans('pgboss', { createSchema: false });
  const theirs = plans.replace(/^[\s\S]*?::bigint\);\s*;?/, '').replace(/\s*COMMIT;\s*$/, '');
  expect(withoutBlanks(ours)).toBe(withoutBlanks(theirs));
});

it('has the schema version that the installed pg-boss asks for, and nothing of it is missing or different', async () => {
  const { pgboss } = createRequire(import.meta.url)('pg-boss/package.json') as { pgboss: { schema: number } };
  const boss = new PgBoss({ connectionString: test.urls.owner.reveal(), migrate: false, supervise: false });
  boss.on('error', () => undefined);
  await boss.start();
  try {
    expect(await boss.schemaVersion()).toBe(pgboss.schema);
    expect(await boss.detectSchemaDrift()).toMatchObject({ ok: true });
  } finally {
    await boss.stop({ graceful: false });
  }
});

it('lets the workers do no more than they need', async () => {
  const rights = await test.adminSql<{ name: string; rights: string[] }>(
    `select relname as name, array(select privilege_type::text from aclexplode(relacl)
       where grantee = 'nexus_system'::regrole order by privilege_type) as rights
     from pg_class where relnamespace = 'pgboss'::regnamespace and relkind in ('r', 'p') and relacl is not null
     order by relname`,
  );
  expect(Object.fromEntries(rights.map((row) => [row.name, row.rights.join(' ')]))).toMatchObject({
    job: 'DELETE INSERT SELECT UPDATE',
    job_common: 'DELETE INSERT SELECT UPDATE',
    queue: 'INSERT SELECT UPDATE',
    version: 'SELECT UPDATE',
  });
  for (const role of ['nexus_app', 'nexus_resolver']) {
    const reachable = await test.adminSql(
      `select relname from pg_class where relnamespace = 'pgboss'::regnamespace and relkind in ('r', 'p')
         and has_table_privilege($1, oid, 'select, insert, update, delete')
       union all select 'schema' where has_schema_privilege($1, 'pgboss', 'usage, create')`,
      [role],
    );
    expect(reachable, role).toEqual([]);
  }
});
