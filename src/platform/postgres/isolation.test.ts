import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { systemClock } from '../clock.ts';
import { createIds } from '../ids.ts';
import { systemRandom } from '../random.ts';

const ids = createIds(systemClock, systemRandom);
const mine = ids.next();
const theirs = ids.next();

/** Every policy that is not the app's own `<table>_organization`. A new one is a visible, reasoned line here. */
const otherPolicies = new Set([
  'platform_outbox_system_select',
  'platform_outbox_system_delete',
  'platform_event_log_system_select',
  'platform_event_log_system_insert',
  'platform_event_log_system_delete',
  'platform_event_positions_system_select',
  'platform_event_positions_system_insert',
  'platform_event_positions_system_update',
  'platform_idempotency_keys_system_select',
  'platform_idempotency_keys_system_delete',
  'platform_inbox_system_select',
  'platform_inbox_system_delete',
  'platform_dead_letters_system_select',
  'platform_dead_letters_system_delete',
  'messaging_webhooks_system_select',
  'messaging_deliveries_system_select',
  'messaging_deliveries_system_delete',
  'identity_organizations_system_select',
  'identity_sign_in_tokens_system_select',
  'identity_sign_in_tokens_system_delete',
  'identity_sign_in_tokens_resolver',
  'identity_sign_in_tokens_redeem',
  'identity_sessions_system_select',
  'identity_sessions_system_delete',
  'identity_sessions_resolver',
  'ingestion_sources_system_select',
  'ingestion_batches_system_select',
  'ingestion_tasks_system_select',
  'corpus_changes_system_select',
  'corpus_changes_system_delete',
]);
const rule = "(organization_id = (NULLIF(current_setting('nexus.organization_id'::text, true), ''::text))::uuid)";

type TableFacts = { name: string; secured: boolean; forced: boolean; partition: boolean; key: string[] };

let test: TestDatabase;
let tenantTables: TableFacts[];

beforeAll(async () => {
  test = await openTestDatabase();
  tenantTables = await test.adminSql<TableFacts>(
    `select relname as name, relrowsecurity as secured, relforcerowsecurity as forced, relispartition as partition,
       array(select attname::text from pg_constraint, unnest(conkey) with ordinality as part(number, place)
             join pg_attribute on attrelid = pg_class.oid and attnum = part.number
             where conrelid = pg_class.oid and contype = 'p' order by place) as key
     from pg_class
     where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
       and exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'organization_id')
     order by relname`,
  );
});
afterAll(() => test.close());

const asRole = async (role: 'app' | 'resolver' | 'system', statement: string): Promise<unknown> => {
  const db = test.database.withTables();
  if (role === 'app') return db.inOrganization(mine, (transaction) => sql.raw(statement).execute(transaction));
  if (role === 'system') return db.asSystem('a test', (transaction) => sql.raw(statement).execute(transaction));
  return db.asResolver((transaction) => sql.raw(statement).execute(transaction));
};

describe('the catalogue', () => {
  it('knows tenant tables, so that the tests below are not empty', () => {
    expect(tenantTables.map((table) => table.name)).toContain('platform_outbox');
  });

  it('has row-level security enabled and forced, and a key that begins with the organization, on every tenant table', () => {
    for (const table of tenantTables) {
      expect(table, table.name).toMatchObject({ secured: true, forced: true });
      expect(table.key[0], table.name).toBe('organization_id');
    }
  });

  it('has organization_id not null, and unique indexes that begin with it', async () => {
    const nullable = await test.adminSql(
      `select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
       where attname = 'organization_id' and not attnotnull and relnamespace = 'public'::regnamespace
         and relkind in ('r', 'p')`,
    );
    expect(nullable).toEqual([]);
    const foreign = await test.adminSql(
      `select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indrelid
       where indisunique and relnamespace = 'public'::regnamespace
         and exists (select from pg_attribute where attrelid = indrelid and attname = 'organization_id')
         and (select attname from pg_attribute where attrelid = indrelid and attnum = indkey[0]) <> 'organization_id'`,
    );
    expect(foreign).toEqual([]);
  });

  it('has exactly the expected policies', async () => {
    const policies = await test.adminSql<{
      table: string;
      name: string;
      roles: string[];
      using: string | null;
      check: string | null;
      permissive: string;
    }>(
      `select tablename as table, policyname as name, roles::text[], qual as using, with_check as check, permissive
       from pg_policies where schemaname = 'public'`,
    );
    for (const table of tenantTables.filter((found) => !found.partition)) {
      const own = policies.find((policy) => policy.name === `${table.name}_organization`);
      expect(own, table.name).toMatchObject({ table: table.name, roles: ['nexus_app'], using: rule, check: rule });
    }
    for (const policy of policies) {
      if (policy.name === `${policy.table}_organization`) continue;
      expect([...otherPolicies], `policy ${policy.name} on ${policy.table}`).toContain(policy.name);
      expect(policy.roles, policy.name).not.toContain('nexus_app');
      expect(policy.roles, policy.name).not.toContain('public');
    }
  });

  it('lets only nexus_owner own anything, and views run with the rights of who asks', async () => {
    const strangers = await test.adminSql(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relowner <> 'nexus_owner'::regrole
       union all
       select proname from pg_proc where pronamespace = 'public'::regnamespace and proowner <> 'nexus_owner'::regrole`,
    );
    expect(strangers).toEqual([]);
    const views = await test.adminSql(
      `select relname from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
         and not coalesce('security_invoker=true' = any(reloptions), false)`,
    );
    expect(views).toEqual([]);
  });

  it('pins the search path of every function that runs as the owner and opens none of them to everybody', async () => {
    const functions = await test.adminSql<{ name: string; definer: boolean; config: string[] | null; acl: string }>(
      `select proname as name, prosecdef as definer, proconfig as config, coalesce(proacl::text, '{=X/default}') as acl
       from pg_proc where pronamespace = 'public'::regnamespace`,
    );
    for (const found of functions) {
      expect(found.acl, `${found.name} is executable by PUBLIC`).not.toMatch(/[{,]=X/);
      if (found.definer) expect(found.config?.join(), found.name).toContain('search_path=');
    }
  });

  it('gives the resolver nothing but functions', async () => {
    const readable = await test.adminSql<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
         and has_table_privilege('nexus_resolver', oid, 'select, insert, update, delete')`,
    );
    expect(readable).toEqual([]);
  });
});

describe('row-level security', () => {
  it('shows no foreign row of any tenant table, also without a WHERE clause', async () => {
    const seeded = await seedEveryTable(test, tenantTables, theirs);
    expect(seeded.length).toBeGreaterThan(0);
    for (const table of seeded) {
      const { rows } = await test.database
        .withTables()
        .inOrganization(mine, (transaction) =>
          sql<{ count: string }>`select count(*) from ${sql.table(table)}`.execute(transaction),
        );
      expect(rows[0]?.count, table).toBe('0');
    }
  });

  it('refuses to write a row of another organization', async () => {
    await expect(asRole('app', eventOf(theirs))).rejects.toThrow(/row-level security/);
    await asRole('app', eventOf(mine));
  });

  it('lets the app login see and write nothing when no organization is set', async () => {
    const pool = await rawApp(test);
    try {
      for (const table of tenantTables.filter((found) => !found.partition)) {
        const readable = await pool.query(`select has_table_privilege('${table.name}', 'select') as yes`);
        if (readable.rows[0].yes)
          expect((await pool.query(`select * from ${table.name}`)).rows, table.name).toEqual([]);
      }
      await expect(pool.query(eventOf(mine))).rejects.toThrow(/row-level security/);
    } finally {
      await pool.end();
    }
  });

  it('hides a table that a migration forgot to protect', async () => {
    await test.ownerSql('create table forgotten_rows (organization_id uuid not null, id uuid not null)');
    await expect(asRole('app', 'select * from forgotten_rows')).rejects.toThrow(/permission denied/);
    await expect(asRole('system', 'select * from forgotten_rows')).rejects.toThrow(/permission denied/);
    await test.ownerSql('drop table forgotten_rows');
  });

  it('refuses to protect a table whose key does not begin with the organization', async () => {
    await test.ownerSql('create table wrong_key (id uuid primary key, organization_id uuid not null)');
    await expect(test.ownerSql("select platform_protect_tenant_table('wrong_key')")).rejects.toThrow(/must begin with/);
    await test.ownerSql('drop table wrong_key');
  });
});

describe('the logins', () => {
  it.each([
    ['create a table', 'create table own (id int)'],
    ['create a temporary table', 'create temporary table own (id int)'],
    ['create a function', 'create function own() returns int language sql as $$ select 1 $$'],
    ['create a schema', 'create schema own'],
    ['disable row-level security', 'alter table platform_outbox disable row level security'],
    ['unforce row-level security', 'alter table platform_outbox no force row level security'],
    ['make a policy', 'create policy own on platform_outbox using (true)'],
    ['become the owner', 'set role nexus_owner'],
    ['become the system', 'set session authorization nexus_system'],
    ['turn row security off', 'set local row_security = off; select id from corpus_documents'],
    ['empty a table', 'truncate platform_outbox'],
    [
      'choose the place in the order of changes',
      "insert into platform_outbox (id, xid) values (gen_random_uuid(), '1')",
    ],
    ['make partitions', "select platform_ensure_partitions(array['platform_outbox'])"],
    ['read passwords', 'select rolpassword from pg_authid'],
    ['run a program', "copy (select 1) to program 'true'"],
    ['read files', "select pg_read_file('/etc/passwd')"],
    ['make a role', 'create role own'],
  ])('do not let the app %s', async (_what, statement) => {
    await expect(asRole('app', statement)).rejects.toThrow(
      /permission denied|must be owner|not allowed|would be affected by row-level security|must be able to|must be superuser/,
    );
  });

  it('do not let the resolver read a table or become somebody', async () => {
    await expect(asRole('resolver', 'select * from platform_outbox')).rejects.toThrow(/permission denied/);
    await expect(asRole('resolver', 'select * from platform_migrations')).rejects.toThrow(/permission denied/);
    await expect(asRole('resolver', 'set role nexus_app')).rejects.toThrow(/permission denied/);
  });

  it('let the system read the outbox of all organizations and write none', async () => {
    for (const organizationId of [mine, theirs]) {
      const insert = sql.raw(eventOf(organizationId));
      await test.database.withTables().inOrganization(organizationId, (transaction) => insert.execute(transaction));
    }
    const { rows } = (await asRole('system', 'select distinct organization_id from platform_outbox')) as {
      rows: unknown[];
    };
    expect(rows.length).toBeGreaterThan(1);
    await expect(asRole('system', eventOf(mine))).rejects.toThrow(/permission denied/);
  });
});

function eventOf(organizationId: string): string {
  return `insert into platform_outbox (id, organization_id, type, data)
    values ('${ids.next()}', '${organizationId}', 'document.indexed', '{}')`;
}

async function rawApp(database: TestDatabase) {
  const { default: pg } = await import('pg');
  return new pg.Pool({ connectionString: database.urls.app.reveal(), max: 1 });
}

/** One row of `organizationId` in every tenant table, past all constraints: what is in it does not matter here. */
async function seedEveryTable(database: TestDatabase, tables: TableFacts[], organizationId: string): Promise<string[]> {
  const seeded: string[] = [];
  for (const { name, partition } of tables) {
    const readable = await database.adminSql<{ yes: boolean }>(
      `select has_table_privilege('nexus_app', '${name}', 'select') as yes`,
    );
    if (partition || readable[0]?.yes !== true) continue;
    const columns = await database.adminSql<{ name: string; type: string }>(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = '${name}'::regclass and attnum > 0 and not attisdropped and attnotnull and not atthasdef`,
    );
    const checks = await database.adminSql<{ name: string }>(
      `select conname as name from pg_constraint where conrelid = '${name}'::regclass and contype = 'c'`,
    );
    for (const check of checks) await database.adminSql(`alter table ${name} drop constraint ${check.name}`);
    const values = columns.map(({ name: column, type }) =>
      column === 'organization_id' ? `'${organizationId}'` : sample(type),
    );
    await database.adminSql(
      `do $do$ begin set local session_replication_role = replica;
       insert into ${name} (${columns.map((column) => column.name).join(', ')}) values (${values.join(', ')}); end $do$`,
    );
    seeded.push(name);
  }
  return seeded;
}

function sample(type: string): string {
  if (type === 'uuid') return `'${ids.next()}'`;
  if (type === 'jsonb') return "'{}'";
  if (type === 'bytea') return "'\\x00'";
  if (type.startsWith('timestamp')) return 'now()';
  if (type === 'boolean') return 'true';
  if (type.endsWith('[]')) return `'{}'::${type}`;
  return /int|numeric|real|double|xid8/.test(type) ? `'1'::${type}` : `'x'::${type}`;
}
