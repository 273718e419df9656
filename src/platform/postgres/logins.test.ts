import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { Secret } from '../secret.ts';
import { checkDerivedLogins, checkLogins } from './check-logins.ts';
import { databaseConfig } from './config.ts';
import { configuredLoginUrls, derivePassword, socketUrl, withCredentials } from './logins.ts';

const secret = new Secret('a secret of some length');

describe('login URLs', () => {
  it('are derived from one URL and one secret', () => {
    const config = databaseConfig.parse({
      url: 'postgresql://admin:x@db.example:5433/nexus?sslmode=require',
      loginSecret: secret.reveal(),
    });
    const urls = configuredLoginUrls(config);
    const password = derivePassword(secret, 'nexus_app').reveal();
    expect(urls.app.reveal()).toBe(`postgresql://nexus_app:${password}@db.example:5433/nexus?sslmode=require`);
    expect(urls.owner.reveal()).toContain('//nexus_owner:');
    expect(JSON.stringify(urls)).not.toContain(password);
  });

  it('may be given one by one, and the missing one is named', () => {
    const some = databaseConfig.parse({ appUrl: 'postgres://a@h/d', resolverUrl: 'postgres://r@h/d' });
    expect(() => configuredLoginUrls(some)).toThrow(
      expect.objectContaining({ code: 'DATABASE_LOGIN_MISSING', details: { login: 'system' } }),
    );
  });

  it('keep the rest of the URL and escape what needs it', () => {
    const url = withCredentials(new Secret('postgres://old:p%40ss@h/d?a=b@c'), 'new', new Secret('a/b@c'));
    expect(url.reveal()).toBe('postgres://new:a%2Fb%40c@h/d?a=b@c');
    expect(socketUrl('/run/a b', 'nexus', 'me', new Secret('pw')).reveal()).toBe(
      'postgresql://me:pw@/nexus?host=%2Frun%2Fa%20b&port=5432',
    );
  });

  it('refuse nonsense with the path', () => {
    const result = databaseConfig.safeParse({ url: 'mysql://x', loginSecret: 'short' });
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual(['url', 'loginSecret']);
  });
});

describe('checking logins', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  /** Roles belong to the whole server, where other tests run: what is unsafe is shown with roles of this test's own. */
  const withRole = async (attributes: string, after: string[] = []) => {
    const role = `nexus_test_role_${process.pid}`;
    await test.adminSql(`create role ${role} login password 'pw' ${attributes}`);
    await test.adminSql(`grant connect on database ${await databaseName()} to ${role}`);
    try {
      for (const statement of after) await test.adminSql(statement.replaceAll('$role', role));
      const url = withCredentials(test.urls.app, role, new Secret('pw'));
      return await checkLogins({ ...test.urls, app: url }).catch((error: unknown) => error);
    } finally {
      await test.adminSql(`drop owned by ${role}`);
      await test.adminSql(`drop role ${role}`);
    }
  };
  const databaseName = async () =>
    (await test.adminSql<{ name: string }>('select current_database() as name'))[0]?.name;

  it('accepts ours', async () => {
    await expect(checkLogins(test.urls)).resolves.toBeUndefined();
    await expect(checkDerivedLogins(test.urls.owner)).resolves.toBeUndefined();
  });

  it.each([
    ['is superuser', 'superuser', []],
    ['bypasses row-level security', 'bypassrls', []],
    ['may create roles', 'createrole', []],
    ['is a member of nexus_owner', '', ['grant nexus_owner to $role']],
    ['may create tables', '', ['grant create, usage on schema public to $role']],
    ['owns own_table', '', ['create table own_table (id int)', 'alter table own_table owner to $role']],
  ])('refuses one that %s', async (fault, attributes, statements) => {
    const error = await withRole(attributes, statements);
    expect(error).toMatchObject({ code: 'DATABASE_LOGIN_UNSAFE', details: { login: 'app' } });
    expect((error as Error).message).toContain(fault);
    expect((error as Error).message).toContain('nexus migrate');
  });
});
