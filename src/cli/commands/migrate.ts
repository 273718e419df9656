import path from 'node:path';
import type { Config } from '#app/config.ts';
import { projectRoot } from '#app/project-root.ts';
import { lockHome } from '#platform/lifecycle/home-lock.ts';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { migrateServer, openPostgres, usesEmbedded } from '#platform/postgres/open-postgres.ts';
import type { CommandContext } from '../command.ts';

/** Brings the database to the state of this release. The embedded one is also migrated by every start. */
export async function runMigrate({ config, terminal, asJson }: CommandContext): Promise<undefined> {
  const migrations = await findMigrations(path.join(projectRoot, 'src'));
  const applied = usesEmbedded(config.database)
    ? await migrateEmbedded(config, migrations)
    : await migrateServer(config.database, migrations);
  if (asJson) terminal.printJson({ applied });
  else if (applied.length === 0) terminal.print('The database is up to date.');
  else for (const name of applied) terminal.print(`Applied ${name}.`);
}

async function migrateEmbedded(
  config: Config,
  migrations: Awaited<ReturnType<typeof findMigrations>>,
): Promise<string[]> {
  const lock = await lockHome(config.home, { command: 'nexus migrate' });
  try {
    const postgres = await openPostgres({ home: config.home, config: config.database, migrations });
    await postgres.stop();
    return postgres.migrated;
  } finally {
    await lock.release();
  }
}
