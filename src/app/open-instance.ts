/** Opens everything one process needs on one home: lock, database, adapters, app. Closed in reverse by the closables. */
import { createHmac } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Organization } from '#modules/identity/index.ts';
import { openBlobStore } from '#platform/blobs/open-blob-store.ts';
import { systemClock } from '#platform/clock.ts';
import { createIds } from '#platform/ids.ts';
import type { Closables } from '#platform/lifecycle/closables.ts';
import { lockHome } from '#platform/lifecycle/home-lock.ts';
import { openDatabase } from '#platform/postgres/database.ts';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { openPostgres, type ReadyPostgres } from '#platform/postgres/open-postgres.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { openDiskGuard } from '#platform/storage/disk-guard.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { createMetrics, type Metrics } from '#platform/telemetry/metrics.ts';
import { type Adapters, openChatModel, openEmbedder } from './adapters.ts';
import { type App, buildApp } from './build-app.ts';
import type { Config } from './config.ts';
import { openParser } from './open-parser.ts';
import { projectRoot } from './project-root.ts';
import { ensurePartitions } from './scheduler.ts';
import { connectionsOfWorkers } from './worker-pools.ts';

export type Instance = {
  app: App;
  adapters: Adapters;
  postgres: ReadyPostgres;
  organization: Organization;
  /** Stands for the operator of this instance as long as the process lives. */
  operatorToken: string;
};

export type InstanceOptions = {
  config: Config;
  logger: Logger;
  closables: Closables;
  /** What the lock names as the holder, e.g. `nexus start`. */
  command: string;
  /** The embedded database cannot be kept running: the process should end. */
  onDatabaseLost: (error: unknown) => void;
  /** False: a process that the holder of the home's lock started beside itself. Default true. */
  ownsHome?: boolean;
};

const operatorTokenBytes = 32;
const sourceRoot = path.join(projectRoot, 'src');

/** Throws `HOME_LOCKED` within a second when another process has the home. */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const { config, closables, command, ownsHome = true } = options;
  if (ownsHome) {
    await mkdir(config.home, { recursive: true, mode: 0o700 });
    const lock = await lockHome(config.home, { command });
    closables.add('home lock', lock.release);
  }

  const postgres = await openDatabaseServer(options);
  const adapters = await openAdapters(options, postgres);
  const app = await buildApp(config, adapters, signingKeyOf(postgres));
  closables.add('app', app.close);

  await ensurePartitions(adapters.database);
  const organization = await app.identity.ensureFirstOrganization();
  const operatorToken = Buffer.from(adapters.random.bytes(operatorTokenBytes)).toString('base64url');
  app.identity.admitOperator({ token: new Secret(operatorToken), organizationId: organization.id });
  return { app, adapters, postgres, organization, operatorToken };
}

async function openDatabaseServer({ config, logger, closables, onDatabaseLost }: InstanceOptions) {
  const postgres = await openPostgres({
    home: config.home,
    config: withRoomForWorkers(config),
    migrations: await findMigrations(sourceRoot),
    onState(state, detail) {
      logger[state === 'up' ? 'info' : 'error'](`database.${state}`, { module: 'app', ...detail });
      if (state === 'failed') onDatabaseLost(detail.error);
    },
  });
  closables.add('database server', postgres.stop, { timeoutMs: config.database.embedded.stopTimeoutMs + 5000 });
  return postgres;
}

/** Worker processes of our own use the embedded server too. */
function withRoomForWorkers({ database, worker }: Config): Config['database'] {
  const { embedded } = database;
  const maxConnections = embedded.maxConnections + connectionsOfWorkers({ database, worker });
  return { ...database, embedded: { ...embedded, maxConnections } };
}

async function openAdapters(
  { config, logger, closables }: InstanceOptions,
  postgres: ReadyPostgres,
): Promise<Adapters> {
  const metrics: Metrics = createMetrics();
  closables.add('metrics', metrics.close);
  const systemUses = metrics.counter({
    name: 'nexus_database_system_uses_total',
    type: 'counter',
    help: 'Transactions of the system login, which sees across organizations.',
    labels: ['reason'],
  });
  const database = openDatabase({
    urls: postgres.urls,
    config: config.database,
    onSystemUse: (reason) => systemUses.increment({ reason }),
  });
  closables.add('database connections', database.close);
  const { blobs, fileKey, close: closeBlobs } = await openBlobStore(config.home, config.blobs);
  closables.add('object store', closeBlobs);
  const diskGuard = await openDiskGuard(config.home, config.storage);
  closables.add('disk guard', diskGuard.close);
  const { parser, pool } = openParser(config);
  closables.add('parser children', pool.close);
  return {
    database,
    embedder: await openEmbedder(config, logger),
    chatModel: openChatModel(config.gateway),
    parser,
    blobs,
    fileKey,
    diskGuard,
    clock: systemClock,
    ids: createIds(systemClock, systemRandom),
    random: systemRandom,
    logger,
    metrics,
  };
}

/** The same in every process that reaches this database as the app login. */
function signingKeyOf(postgres: ReadyPostgres): Secret {
  return new Secret(createHmac('sha256', postgres.urls.app.reveal()).update('nexus cursors').digest('base64url'));
}
