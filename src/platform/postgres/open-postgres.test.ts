import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemporaryHome } from '../../../test/support/postgres.ts';
import { databaseConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { findMigrations, type Migration } from './find-migrations.ts';
import { openPostgres } from './open-postgres.ts';

const config = databaseConfig.parse({});
const organizationId = '01890000-0000-7000-8000-000000000001';

describe('opening PostgreSQL', () => {
  let home: string;
  let remove: () => void;
  let migrations: Migration[];
  beforeAll(async () => {
    ({ home, remove } = openTemporaryHome());
    migrations = (await findMigrations(path.resolve(import.meta.dirname, '../..'))).filter(({ number }) => number < 10);
  });
  afterAll(() => remove());

  it('starts, makes the logins, migrates, and serves an organization; a second time there is nothing to do', async () => {
    const first = await openPostgres({ home, config, migrations });
    expect(first.migrated).toEqual(migrations.map((migration) => migration.name));
    const database = openDatabase({ urls: first.urls, config });
    await database.ping();
    const result = await database
      .withTables()
      .inOrganization(organizationId, (transaction) =>
        sql<{ role: string }>`select current_user as role`.execute(transaction),
      );
    expect(result.rows).toEqual([{ role: 'nexus_app' }]);
    await database.close();
    await first.stop();

    const second = await openPostgres({ home, config, migrations });
    expect(second.migrated).toEqual([]);
    await second.stop();
  });

  it('stops the server again when the database is of a newer release', async () => {
    const opening = openPostgres({ home, config, migrations: migrations.slice(0, 1) });
    await expect(opening).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
    const again = await openPostgres({ home, config, migrations });
    await again.stop();
  });

  it('keeps a private secret, and says so when it is lost instead of making another', async () => {
    const file = path.join(home, 'secrets', 'database-login');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const secret = readFileSync(file, 'utf8');
    expect(secret.length).toBeGreaterThanOrEqual(43);
    rmSync(file);
    await expect(openPostgres({ home, config, migrations })).rejects.toMatchObject({
      code: 'DATABASE_SECRET_LOST',
      message: expect.stringContaining(file),
    });
  });
});
