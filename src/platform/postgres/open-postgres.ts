import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { AppError, isAppError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { bootstrapLogins } from './bootstrap-logins.ts';
import { checkDerivedLogins, checkLogins } from './check-logins.ts';
import type { DatabaseConfig } from './config.ts';
import { withClient } from './connect.ts';
import { directoriesOf, syncDirectory } from './embedded/directories.ts';
import { type EmbeddedOptions, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { diskFullError } from './embedded/start-failure.ts';
import type { Migration } from './find-migrations.ts';
import { configuredLoginUrls, deriveLoginUrls, derivePassword, type LoginUrls, socketUrl } from './logins.ts';
import { checkMigrated, migrate } from './migrate.ts';

/** A PostgreSQL that is ready to be used: reachable, migrated, with safe logins. */
export type ReadyPostgres = {
  urls: LoginUrls;
  /** Undefined: a server of somebody else's. */
  embedded: { pid(): number; socketDirectory: string } | undefined;
  /** What the supervisor applied now; always empty for a server. */
  migrated: string[];
  /** Stops the embedded server; a server of somebody else's is left alone. */
  stop(): Promise<void>;
};

export type OpenPostgresOptions = {
  /** NEXUS_HOME; its lock must be held when the server is embedded. */
  home: string;
  config: DatabaseConfig;
  migrations: Migration[];
  onState?: EmbeddedOptions['onState'];
  overrides?: EmbeddedOptions['overrides'];
};

const databaseName = 'nexus';

/** True: no server is configured, the embedded one is used. */
export function usesEmbedded(config: DatabaseConfig): boolean {
  return config.url === undefined && config.appUrl === undefined;
}

/**
 * The start of the database: the embedded server is started, given its logins and migrated; of a server it is only
 * checked that it was migrated. Either way a login that may do too much is refused.
 */
export async function openPostgres(options: OpenPostgresOptions): Promise<ReadyPostgres> {
  if (!usesEmbedded(options.config)) return await openServer(options);
  try {
    return await openEmbedded(options);
  } catch (error) {
    throw isFullDisk(error) ? diskFullError({ home: options.home }, error) : error;
  }
}

/** Our own files under the home meet it before the server does. */
function isFullDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** `nexus migrate` on a database server: makes or repairs the logins where it may, then migrates as the owner. */
export async function migrateServer(config: DatabaseConfig, migrations: Migration[]): Promise<string[]> {
  if (config.url !== undefined && config.loginSecret !== undefined) {
    await bootstrapLogins(config.url, config.loginSecret);
  }
  const { owner } = configuredLoginUrls(config);
  return await migrate(owner, migrations);
}

async function openServer({ config, migrations }: OpenPostgresOptions): Promise<ReadyPostgres> {
  const urls = configuredLoginUrls(config);
  await checkMigrated(urls.app, migrations);
  await checkLogins(urls);
  return { urls, embedded: undefined, migrated: [], stop: async () => undefined };
}

async function openEmbedded({ home, config, migrations, ...rest }: OpenPostgresOptions): Promise<ReadyPostgres> {
  const loginSecret = await keepLoginSecret(home);
  const adminPassword = derivePassword(loginSecret, 'postgres');
  const server = await startEmbeddedPostgres({ home, config: config.embedded, adminPassword, ...rest });
  try {
    const adminUrl = (database: string): Secret =>
      socketUrl(server.socketDirectory, database, 'postgres', adminPassword);
    const bootstrap = (): Promise<void> => bootstrapLogins(adminUrl(databaseName), loginSecret);
    await bootstrap().catch(async (error) => {
      if (!isMissingDatabase(error)) throw error;
      await createDatabase(adminUrl('postgres'));
      await bootstrap();
    });
    const urls = deriveLoginUrls(adminUrl(databaseName), loginSecret);
    const migrated = await migrate(urls.owner, migrations);
    await checkDerivedLogins(urls.owner);
    return { urls, embedded: server, migrated, stop: server.stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Only a new cluster lacks it, so it is not asked for at every start: each connection costs some of the two seconds. */
function isMissingDatabase(error: unknown): boolean {
  return isAppError(error, 'DATABASE_UNAVAILABLE') && error.details.sqlState === '3D000';
}

async function createDatabase(adminUrl: Secret): Promise<void> {
  await withClient(adminUrl, (client) => client.query(`create database ${pg.escapeIdentifier(databaseName)}`));
}

/**
 * The random secret of an embedded server, made once, whole or not at all, before its cluster is. The configured secret
 * is for servers: changing it would lock us out of our own.
 */
async function keepLoginSecret(home: string): Promise<Secret> {
  const directory = path.join(home, 'secrets');
  const file = path.join(directory, 'database-login');
  const present = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (present !== undefined) return requireSecret(present, file);
  if (existsSync(directoriesOf(home).data)) throw damagedSecret(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const secret = randomBytes(32).toString('base64url');
  const growing = await open(`${file}.tmp`, 'w', 0o600);
  try {
    await growing.writeFile(secret);
    await growing.sync();
  } finally {
    await growing.close();
  }
  await rename(`${file}.tmp`, file);
  await syncDirectory(directory);
  await syncDirectory(home);
  return new Secret(secret);
}

function requireSecret(text: string, file: string): Secret {
  if (text.length >= 16) return new Secret(text);
  throw damagedSecret(file);
}

function damagedSecret(file: string): AppError {
  return new AppError(
    'DATABASE_SECRET_LOST',
    'unavailable',
    `The secret of the embedded database in ${file} is missing or damaged. Restore the file from a backup of NEXUS_HOME.`,
    { details: { file } },
  );
}
