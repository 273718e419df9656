import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { withClient } from './connect.ts';
import { type Login, roleName } from './logins.ts';

/** The logins that serve; the owner is only there to migrate. */
const servingLogins = ['app', 'resolver', 'system'] as const satisfies Login[];

type Finding = { role: string; powers: string[]; memberships: string[]; owned: string[] };

const inspection = `
  select rolname as role,
    array_remove(array[
      case when rolsuper then 'is superuser' end,
      case when rolbypassrls then 'bypasses row-level security' end,
      case when rolcreaterole then 'may create roles' end,
      case when rolcreatedb then 'may create databases' end,
      case when rolreplication then 'may replicate' end,
      case when has_schema_privilege(rolname, 'public', 'create') then 'may create tables' end
    ], null) as powers,
    array(select granted.rolname::text from pg_auth_members
          join pg_roles granted on granted.oid = pg_auth_members.roleid
          where pg_auth_members.member = pg_roles.oid) as memberships,
    array(select relname::text from pg_class where relowner = pg_roles.oid
          union all select proname::text from pg_proc where proowner = pg_roles.oid
          union all select nspname::text from pg_namespace where nspowner = pg_roles.oid
          union all select datname::text from pg_database where datdba = pg_roles.oid
          limit 10) as owned
  from pg_roles where rolname = any($1)`;

/**
 * Looks at each serving login as the database sees it and refuses to start, with AppError `DATABASE_LOGIN_UNSAFE`
 * naming login and reason, when one of them could step around row-level security.
 */
export async function checkLogins(urls: Readonly<Record<(typeof servingLogins)[number], Secret>>): Promise<void> {
  await Promise.all(servingLogins.map((login) => checkLogin(login, urls[login])));
}

/** The same for logins whose URLs were derived, so that their names are certain: one connection of any login will do. */
export async function checkDerivedLogins(url: Secret): Promise<void> {
  const roles = servingLogins.map(roleName);
  const findings = await withClient(url, async (client) => (await client.query<Finding>(inspection, [roles])).rows);
  for (const login of servingLogins) {
    judge(
      login,
      findings.find((finding) => finding.role === roleName(login)),
    );
  }
}

async function checkLogin(login: Login, url: Secret): Promise<void> {
  const finding = await withClient(url, async (client) => {
    const { rows } = await client.query<{ role: string }>('select current_user as role');
    return (await client.query<Finding>(inspection, [rows.map((row) => row.role)])).rows[0];
  });
  judge(login, finding);
}

function judge(login: Login, finding: Finding | undefined): void {
  const faults = finding === undefined ? ['does not exist'] : faultsOf(login, finding);
  if (faults.length === 0) return;
  throw new AppError(
    'DATABASE_LOGIN_UNSAFE',
    'unavailable',
    `The database login for ${login} must not be used: it ${faults.join(', ')}. Run \`./nexus migrate\` to repair the logins, or set database.${login}Url to the login ${roleName(login)}.`,
    { details: { login, faults } },
  );
}

function faultsOf(login: Login, finding: Finding): string[] {
  return [
    ...(finding.role === roleName(login) ? [] : [`is ${finding.role} and not ${roleName(login)}`]),
    ...finding.powers,
    ...finding.memberships.map((role) => `is a member of ${role}`),
    ...finding.owned.map((name) => `owns ${name}`),
  ];
}
