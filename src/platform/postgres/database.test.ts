import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { systemClock } from '../clock.ts';
import { createIds } from '../ids.ts';
import { systemRandom } from '../random.ts';
import { Secret } from '../secret.ts';
import { databaseConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { isUniqueViolation } from './errors.ts';
import type { Transaction } from './ports.ts';

type Tables = { notes: { organization_id: string; id: string; text: string } };

const ids = createIds(systemClock, systemRandom);
const organizationId = ids.next();

describe('the database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
    await test.ownerSql(
      `create table notes (organization_id uuid not null, id uuid not null, text text not null,
         constraint notes_pkey primary key (organization_id, id), constraint notes_text_key unique (organization_id, text))`,
    );
    await test.ownerSql("select platform_protect_tenant_table('notes')");
  });
  afterAll(() => test.close());

  const notes = () => test.database.withTables<Tables>();
  const insert = (transaction: Transaction<Tables>, text: string) =>
    transaction.insertInto('notes').values({ organization_id: organizationId, id: ids.next(), text }).execute();
  const texts = async (inside = organizationId): Promise<string[]> => {
    const rows = await notes().inOrganization(inside, (transaction) =>
      transaction.selectFrom('notes').select('text').orderBy('text').execute(),
    );
    return rows.map((row) => row.text);
  };
  /** The server process behind a transaction. */
  const backendPid = async (transaction: Transaction<Tables>): Promise<number> => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
    return rows[0]?.pid ?? 0;
  };

  it('commits what returns and undoes what throws', async () => {
    await notes().inOrganization(organizationId, (transaction) => insert(transaction, 'kept'));
    const failing = notes().inOrganization(organizationId, async (transaction) => {
      await insert(transaction, 'undone');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await texts()).toEqual(['kept']);
    expect(await texts(ids.next())).toEqual([]);
  });

  it('keeps concurrent organizations apart on shared connections', async () => {
    const organizations = Array.from({ length: 40 }, () => ids.next());
    const seen = await Promise.all(
      organizations.map((id) =>
        notes().inOrganization(id, async (transaction) => {
          await transaction.insertInto('notes').values({ organization_id: id, id: ids.next(), text: id }).execute();
          await delay(Math.random() * 5);
          return await transaction.selectFrom('notes').select('text').execute();
        }),
      ),
    );
    expect(seen).toEqual(organizations.map((id) => [{ text: id }]));
  });

  it.each(["'; drop table notes; --", '', 'x', organizationId.toUpperCase()])(
    'refuses %j as an organization',
    async (id) => {
      const work = notes().inOrganization(id, (transaction) => insert(transaction, 'never'));
      await expect(work).rejects.toMatchObject({ code: 'ORGANIZATION_ID_INVALID' });
    },
  );

  it('leaves a constraint violation to the store', async () => {
    const twice = notes().inOrganization(organizationId, async (transaction) => {
      await insert(transaction, 'twice');
      await insert(transaction, 'twice');
    });
    const error = await twice.catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error, 'notes_text_key')).toBe(true);
    expect(isUniqueViolation(error, 'notes_pkey')).toBe(false);
  });

  it('does not take a swallowed failure for a commit', async () => {
    const work = notes().inOrganization(organizationId, async (transaction) => {
      await insert(transaction, 'lost');
      await sql`select 1 / 0`.execute(transaction).catch(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'TRANSACTION_NOT_COMMITTED', kind: 'bug' });
    expect(await texts()).not.toContain('lost');
  });

  it('closes a transaction that somebody kept, and refuses nesting', async () => {
    const kept = await notes().inOrganization(organizationId, async (transaction) => ({ transaction }));
    await expect(insert(kept.transaction, 'late')).rejects.toMatchObject({ code: 'TRANSACTION_MISUSED' });
    const nested = notes().inOrganization(organizationId, (transaction) =>
      transaction.transaction().execute((inner) => insert(inner, 'inner')),
    );
    await expect(nested).rejects.toMatchObject({ code: 'TRANSACTION_MISUSED' });
  });

  it('reports a connection that is cut in the middle, and goes on with another', async () => {
    const cut = notes().inOrganization(organizationId, async (transaction) => {
      await test.adminSql('select pg_terminate_backend($1)', [await backendPid(transaction)]);
      await insert(transaction, 'cut');
    });
    await expect(cut).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', kind: 'unavailable' });
    expect(await texts()).not.toContain('cut');
  });

  it('does not notice that its idle connections were cut', async () => {
    await Promise.all([texts(), texts(), texts()]);
    await test.adminSql(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'nexus-app' and datname = current_database()`,
    );
    expect(await texts()).toContain('kept');
  });

  it('translates a deadlock', async () => {
    const [first, second] = [ids.next(), ids.next()];
    const lockBoth = (one: string, other: string) =>
      notes().inOrganization(organizationId, async (transaction) => {
        await sql`select pg_advisory_xact_lock(hashtext(${one}))`.execute(transaction);
        await delay(60);
        await sql`select pg_advisory_xact_lock(hashtext(${other}))`.execute(transaction);
      });
    const results = await Promise.allSettled([lockBoth(first, second), lockBoth(second, first)]);
    const failures = results.filter((result) => result.status === 'rejected');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.reason).toMatchObject({ code: 'DATABASE_CONFLICT', kind: 'unavailable' });
  });

  it('ends statements, waits for locks and idle transactions that last too long', async () => {
    const config = databaseConfig.parse({
      statementTimeoutMs: 150,
      lockTimeoutMs: 100,
      idleInTransactionTimeoutMs: 100,
    });
    const impatient = openDatabase({ urls: test.urls, config });
    const inside = <Result>(work: (transaction: Transaction<Tables>) => Promise<Result>) =>
      impatient.withTables<Tables>().inOrganization(organizationId, work);
    try {
      await expect(inside((transaction) => sql`select pg_sleep(5)`.execute(transaction))).rejects.toMatchObject({
        code: 'DATABASE_TIMEOUT',
        kind: 'timeout',
      });
      const idle = inside(async (transaction) => {
        await insert(transaction, 'idle');
        await delay(300);
        await insert(transaction, 'idle too');
      });
      await expect(idle).rejects.toMatchObject({ code: expect.stringMatching(/DATABASE_(TIMEOUT|UNAVAILABLE)/) });
      expect(await texts()).not.toContain('idle');
    } finally {
      await impatient.close();
    }
  });

  it('limits how many callers wait for a connection, and how long', async () => {
    const config = databaseConfig.parse({ pools: { app: 1, maxWaiting: 1 }, connectTimeoutMs: 1500 });
    const small = openDatabase({ urls: test.urls, config });
    const inside = small.withTables<Tables>();
    const held = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    try {
      const holder = inside.inOrganization(organizationId, async (transaction) => {
        await sql`select 1`.execute(transaction);
        held.resolve();
        await letGo.promise;
        return 'held';
      });
      await Promise.race([held.promise, holder]);
      const ask = () => inside.inOrganization(organizationId, (transaction) => sql`select 1`.execute(transaction));
      const waits = ask();
      await expect(ask()).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
      await expect(waits).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      letGo.resolve();
      expect(await holder).toBe('held');
    } finally {
      letGo.resolve();
      await small.close();
    }
  });

  it('gives up on a server that has gone silent, and goes on with another connection', async () => {
    const config = databaseConfig.parse({ pools: { app: 1 }, statementTimeoutMs: 100 });
    const impatient = openDatabase({ urls: test.urls, config });
    const inside = impatient.withTables<Tables>();
    try {
      // The server's own deadline is taken away, so that only ours is left.
      const startedMs = performance.now();
      const silent = inside.inOrganization(organizationId, async (transaction) => {
        await sql`set local statement_timeout = 0`.execute(transaction);
        await sql`select pg_sleep(30)`.execute(transaction);
      });
      await expect(silent).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT' });
      expect(performance.now() - startedMs).toBeLessThan(20_000);
      const rows = await inside.inOrganization(organizationId, (transaction) =>
        sql<{ one: number }>`select 1 as one`.execute(transaction),
      );
      expect(rows.rows).toEqual([{ one: 1 }]);
    } finally {
      await impatient.close();
    }
  });

  it('counts each use of the system login by its reason', async () => {
    const reasons: string[] = [];
    const counted = openDatabase({
      urls: test.urls,
      config: databaseConfig.parse({}),
      onSystemUse: (reason) => reasons.push(reason),
    });
    await counted.withTables().asSystem('follow the outbox', async () => undefined);
    await counted.close();
    expect(reasons).toEqual(['follow the outbox']);
  });

  it('names the login that cannot be reached', async () => {
    await expect(test.database.ping()).resolves.toBeUndefined();
    const url = new Secret(test.urls.system.reveal().replace(/nexus_system:/, 'nexus_nobody:'));
    const broken = openDatabase({ urls: { ...test.urls, system: url }, config: databaseConfig.parse({}) });
    await expect(broken.ping()).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', details: { login: 'system' } });
    await broken.close();
  });
});
