/** pg-boss as the workers use it: it claims jobs, gives those of silent workers back and removes old ones. */
import { PgBoss } from 'pg-boss';
import { AppError } from '../errors.ts';
import { translateError } from '../postgres/translate-error.ts';
import type { Secret } from '../secret.ts';
import type { QueueConfig } from './config.ts';
import { type Delivery, type Execute, ensureQueues, jobsChannel, type StoredJob } from './store.ts';

export type Boss = {
  /** Claims up to `limit` jobs that can be done now: larger priority first, then older first. */
  claim(queue: string, limit: number): Promise<Claimed[]>;
  execute: Execute;
  close(): Promise<void>;
};

export type Claimed = { delivery: Delivery; job: StoredJob };

export type BossOptions = {
  /** The system login's. */
  url: Secret;
  queues: readonly string[];
  config: QueueConfig;
  /** A job was added to this queue; undefined: any of them may have jobs. */
  onJobs(queue: string | undefined): void;
  /** Something went wrong that is tried again by itself. */
  onError(error: unknown): void;
};

const schema = 'pgboss';
const connectTimeoutMs = 5_000;
/** The longest that pg-boss knows, for what we do not use. */
const seldomSeconds = 86_400;
const retentionSeconds = 3_600;

export async function openBoss({ url, queues, config, onJobs, onError }: BossOptions): Promise<Boss> {
  const boss = new PgBoss({
    connectionString: url.reveal(),
    application_name: 'nexus-worker',
    max: config.connections,
    connectionTimeoutMillis: connectTimeoutMs,
    schema,
    // The tables are made by our migrations, as the owner; the workers could not.
    migrate: false,
    createSchema: false,
    // Every worker process offers itself; a claim in the database lets one do it per interval.
    supervise: true,
    superviseIntervalSeconds: config.superviseIntervalSeconds,
    monitorIntervalSeconds: config.superviseIntervalSeconds,
    maintenanceIntervalSeconds: retentionSeconds,
    flowIntervalSeconds: seldomSeconds,
    queueCacheIntervalSeconds: seldomSeconds,
    schedule: false,
    reindex: false,
    monitorVacuum: false,
  });
  boss.on('error', onError);
  const connection = boss.getDb();
  const execute: Execute = (text, values) => connection.executeSql(text, values);
  try {
    await boss.start();
    await ensureQueues(execute, queues);
    const listener = await listen(connection, { onJobs, onError });
    return {
      claim: (queue, limit) => claim(boss, queue, limit),
      execute,
      async close() {
        await listener?.close();
        await boss.stop({ graceful: false });
      },
    };
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw translateStart(error);
  }
}

/** Behind a pooler that gives each transaction another connection nothing is heard; then looking has to do. */
async function listen(
  connection: ReturnType<PgBoss['getDb']>,
  { onJobs, onError }: Pick<BossOptions, 'onJobs' | 'onError'>,
): Promise<{ close(): Promise<void> } | undefined> {
  try {
    return await connection.listen?.(
      jobsChannel,
      (queue) => onJobs(queue),
      () => onJobs(undefined),
    );
  } catch (error) {
    onError(error);
    return undefined;
  }
}

async function claim(boss: PgBoss, queue: string, limit: number): Promise<Claimed[]> {
  const jobs = await boss.fetch<StoredJob>(queue, { batchSize: limit });
  return jobs.map((job) => ({
    delivery: { queue, id: job.id, retryCount: job.retryCount },
    job: job.data,
  }));
}

/** What pg-boss throws when it finds no tables of its own version. */
const wrongTables = /pg-boss is not installed|pg-boss database requires migrations/;

function translateStart(error: unknown): unknown {
  if (!(error instanceof Error) || !wrongTables.test(error.message)) return translateError(error);
  return new AppError(
    'QUEUE_SCHEMA_MISMATCH',
    'unavailable',
    'The tables of the queue are of another version than this release. Run `./nexus migrate`.',
    { cause: error },
  );
}
