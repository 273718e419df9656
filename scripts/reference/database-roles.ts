/** docs/reference/database-roles.md: what each login may do, read from the catalogue of a freshly migrated database. */
import pg from 'pg';
import { joinTable } from './markdown.ts';

const purposes = [
  ['`nexus_owner`', 'owns everything; `nexus migrate` and the functions below run as it'],
  ['`nexus_app`', 'serves requests and jobs inside one organization'],
  ['`nexus_resolver`', 'turns the hash of a credential into ids, by functions only'],
  ['`nexus_system`', 'follows, prunes and relays across organizations, by the policies below only'],
];

const policies = `
  select tablename, policyname, array_to_string(roles, ', ') as role, lower(cmd) as command,
         coalesce(qual, '') as visible, coalesce(with_check, '') as writable
  from pg_policies where schemaname = 'public' order by tablename collate "C", policyname collate "C"`;

/** Privileges on whole tables, and on the named columns where only those were granted. */
const grants = `
  select grantee, table_name, string_agg(distinct privilege, ', ' order by privilege) as privileges
  from (
    select grantee, table_name, lower(privilege_type) as privilege
    from information_schema.role_table_grants where table_schema = 'public'
    union all
    select grantee, table_name, lower(privilege_type) || ' (' || string_agg(column_name, ', ' order by column_name) || ')'
    from information_schema.role_column_grants as by_column
    where table_schema = 'public' and not exists (
      select from information_schema.role_table_grants as whole
      where (whole.table_schema, whole.table_name, whole.grantee, whole.privilege_type)
          = (by_column.table_schema, by_column.table_name, by_column.grantee, by_column.privilege_type))
    group by grantee, table_name, privilege_type
  ) as granted
  where grantee like 'nexus\\_%' and grantee <> 'nexus_owner'
  group by grantee, table_name order by grantee collate "C", table_name collate "C"`;

const functions = `
  select proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')' as signature,
         coalesce((select string_agg(grantee.rolname, ', ' order by grantee.rolname) from aclexplode(proacl) as acl
                   join pg_roles grantee on grantee.oid = acl.grantee
                   where grantee.rolname <> 'nexus_owner'), '') as callers
  from pg_proc
  where pronamespace = 'public'::regnamespace and prosecdef order by proname collate "C", 1`;

/** What `platform_protect_tenant_table` writes, as PostgreSQL prints it. */
const presentOrganization =
  "(organization_id = (NULLIF(current_setting('nexus.organization_id'::text, true), ''::text))::uuid)";

/** `ownerUrl` reads the catalogue; it must show a database with every migration and nothing else. */
export async function describeRoles(ownerUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const read = async (text: string): Promise<string[][]> => {
      const { rows } = await client.query<string[]>({ text, rowMode: 'array' });
      return rows.map((row) => row.map(show));
    };
    return [
      '# Database logins',
      '',
      'Made when the database is set up and checked at every start. None is superuser, owns tables that it serves from, or',
      'bypasses row-level security. A test fails on a policy that this page does not list.',
      '',
      joinTable(['login', 'for'], purposes),
      '',
      '## Policies',
      '',
      `*Present organization*: \`${presentOrganization}\`.`,
      '',
      joinTable(['table', 'policy', 'login', 'command', 'rows it sees', 'rows it may write'], await read(policies)),
      '',
      '## Grants on tables',
      '',
      joinTable(['login', 'table', 'privileges'], await read(grants)),
      '',
      '## Functions that run as the owner',
      '',
      joinTable(['function', 'callable by'], await read(functions)),
      '',
    ].join('\n');
  } finally {
    await client.end();
  }
}

function show(cell: string): string {
  if (cell === '') return '–';
  return cell === presentOrganization ? '*present organization*' : `\`${cell.replace(/\s+/g, ' ')}\``;
}
