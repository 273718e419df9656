/** The connections of a worker process, kept few: several share the embedded server with its owner. */
import type { Config } from './config.ts';

/** Enough for the jobs of one process. */
const most = { app: 4, system: 2, resolver: 1 };
const listeners = 1;

/** What a worker process is given of each login. */
export function poolsOfWorker({ pools }: Config['database']): typeof most {
  return {
    app: Math.min(pools.app, most.app),
    system: Math.min(pools.system, most.system),
    resolver: Math.min(pools.resolver, most.resolver),
  };
}

/** What the embedded server must accept beside the connections of its owner. */
export function connectionsOfWorkers({ database, worker }: Pick<Config, 'database' | 'worker'>): number {
  const { app, system, resolver } = poolsOfWorker(database);
  return worker.processes * (app + system + resolver + worker.connections + listeners);
}
