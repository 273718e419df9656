/** The role `worker`: jobs are done in this process, or in processes that it starts beside itself. */
import { reclaimJobs } from '#platform/queue/reclaim-jobs.ts';
import { startWorkers, type Workers } from '#platform/queue/start-workers.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { type Config, ownEnvironment, settingsOf } from './config.ts';
import { jobQueues } from './jobs.ts';
import type { Instance } from './open-instance.ts';
import { poolsOfWorker } from './worker-pools.ts';
import { startWorkerProcesses } from './worker-processes.ts';

export type WorkerRoleOptions = { instance: Instance; config: Config; logger: Logger };

const closingSlackMs = 3_000;

/** Without the role nothing is started. */
export async function startWorkerRole(options: WorkerRoleOptions): Promise<Workers> {
  const { config, instance, logger } = options;
  if (!config.roles.includes('worker')) return { stopFetching: () => undefined, close: async () => undefined };
  if (config.worker.processes === 0) return await startOwnWorkers(options);
  await takeOver(instance);
  return startWorkerProcesses({
    count: config.worker.processes,
    settings: settingsOfWorker(instance, config),
    environment: ownEnvironment(),
    stopTimeoutMs: workerStopMsOf(config),
    logger,
  });
}

/** The embedded database has just been started by us: whoever had a job in hand is dead. */
async function takeOver({ postgres, adapters }: Instance): Promise<void> {
  if (postgres.embedded !== undefined) await reclaimJobs(adapters.database);
}

/** Workers in this process, whatever its roles. */
export async function startOwnWorkers({ instance, config, logger }: WorkerRoleOptions): Promise<Workers> {
  await takeOver(instance);
  const { app, adapters, postgres } = instance;
  return await startWorkers({
    url: postgres.urls.system,
    queues: jobQueues(app),
    config: config.worker,
    clock: adapters.clock,
    metrics: adapters.metrics,
    logger,
    chance: () => Buffer.from(adapters.random.bytes(4)).readUInt32LE() / 2 ** 32,
  });
}

/** The longest that workers take to stop. */
export function workerStopMsOf({ worker }: Pick<Config, 'worker'>): number {
  return worker.drainTimeoutMs + worker.handBackTimeoutMs + closingSlackMs;
}

/** A child reaches the database by the URLs, so it starts none and needs no lock on the home. */
function settingsOfWorker({ postgres }: Instance, config: Config): Record<string, unknown> {
  const { owner, app, resolver, system } = postgres.urls;
  const pools = poolsOfWorker(config.database);
  return {
    ...settingsOf(config),
    // Secrets do not travel by serialisation; the four URLs below are all that is needed.
    'database.url': undefined,
    'database.loginSecret': undefined,
    roles: ['worker'],
    'worker.processes': 0,
    'telemetry.metricsEnabled': false,
    'database.ownerUrl': owner.reveal(),
    'database.appUrl': app.reveal(),
    'database.resolverUrl': resolver.reveal(),
    'database.systemUrl': system.reveal(),
    'database.pools.app': pools.app,
    'database.pools.system': pools.system,
    'database.pools.resolver': pools.resolver,
  };
}
