import pg from 'pg';
import type { Secret } from '../secret.ts';
import { withClient } from './connect.ts';
import { type Login, logins, roleName, scramVerifier } from './logins.ts';

/** The administrator's session settings; other databases of the server are not touched. */
const attributes = 'login nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit';

type RoleRow = { rolname: string; safe: boolean };

/**
 * Makes the four logins at the database of `adminUrl`, or repairs what differs: attributes, password, memberships and
 * what they may do at the database itself. The administrator must be allowed to create roles. Running it again changes
 * nothing. Roles belong to the whole server: two Nexus databases on one server must share the login secret.
 */
export async function bootstrapLogins(adminUrl: Secret, loginSecret: Secret): Promise<void> {
  await withClient(adminUrl, async (client) => {
    // Two servers starting at once would both see a role missing.
    await client.query('begin');
    await client.query("select pg_advisory_xact_lock(hashtext('nexus bootstrap logins'))");
    await createOrRepairRoles(client, loginSecret);
    await removeMemberships(client);
    await grantAtDatabase(client);
    await client.query('commit');
  });
}

async function createOrRepairRoles(client: pg.Client, loginSecret: Secret): Promise<void> {
  const stored = await readVerifiers(client);
  const { rows } = await client.query<RoleRow>(
    `select rolname, rolcanlogin and not (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
       or rolinherit) as safe
     from pg_roles where rolname = any($1)`,
    [logins.map(roleName)],
  );
  const found = new Map(rows.map((row) => [row.rolname, row.safe]));
  for (const login of logins) {
    const role = roleName(login);
    const verifier = scramVerifier(loginSecret, role);
    if (found.get(role) === true && stored.get(role) === verifier) continue;
    const verb = found.has(role) ? 'alter' : 'create';
    // Naming some attributes, even to take them away, is for superusers only: they are named when they are wrong.
    const changes = found.get(role) === true ? '' : attributes;
    await client.query(`${verb} role ${role} with ${changes} password ${pg.escapeLiteral(verifier)}`);
  }
}

/** Only a superuser may read these; anybody else sets the passwords anew each time. */
async function readVerifiers(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ allowed: boolean }>(
    "select has_table_privilege('pg_catalog.pg_authid', 'select') as allowed",
  );
  if (rows[0]?.allowed !== true) return new Map();
  const verifiers = await client.query<{ rolname: string; rolpassword: string | null }>(
    'select rolname, rolpassword from pg_authid where rolname = any($1)',
    [logins.map(roleName)],
  );
  return new Map(verifiers.rows.map((row) => [row.rolname, row.rolpassword ?? '']));
}

/** A login that is member of another could become it by SET ROLE. */
async function removeMemberships(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ role: string; member: string }>(
    `select role.rolname as role, member.rolname as member
     from pg_auth_members
     join pg_roles role on role.oid = roleid
     join pg_roles member on member.oid = pg_auth_members.member
     where member.rolname = any($1)`,
    [logins.map(roleName)],
  );
  for (const { role, member } of rows) {
    await client.query(`revoke ${pg.escapeIdentifier(role)} from ${pg.escapeIdentifier(member)}`);
  }
}

async function grantAtDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ database: string }>('select current_database() as database');
  const database = pg.escapeIdentifier(rows[0]?.database ?? '');
  const everyone = logins.map(roleName).join(', ');
  const users = logins.filter((login): login is Exclude<Login, 'owner'> => login !== 'owner').map(roleName);
  await client.query(`revoke all on database ${database} from public`);
  await client.query(`grant connect on database ${database} to ${everyone}`);
  // A migration makes the schema of the queue.
  await client.query(`grant create on database ${database} to ${roleName('owner')}`);
  await client.query('revoke all on schema public from public');
  await client.query(`grant usage on schema public to ${users.join(', ')}`);
  await client.query(`grant usage, create on schema public to ${roleName('owner')}`);
}
