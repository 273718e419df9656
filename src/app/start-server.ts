/** A server from its first step to its last: open, listen, tell the command line, stop on a signal. */
import { createTelemetryServer } from '#platform/http/create-telemetry-server.ts';
import { type Closables, createClosables } from '#platform/lifecycle/closables.ts';
import { createShutdown } from '#platform/lifecycle/shutdown.ts';
import { createLogger } from '#platform/telemetry/logger.ts';
import type { Config } from './config.ts';
import { type Instance, openInstance } from './open-instance.ts';
import { scheduledTasks, startScheduler } from './scheduler.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import { startWorkerRole, workerStopMsOf } from './start-worker-role.ts';
import { version } from './version.ts';

export type StartedServer = {
  /** Empty when this process does not serve requests. */
  url: string;
  /** A link that opens the page signed in; works once. */
  createSignInLink(): Promise<string>;
  /** Stops as a signal would, but for the exit of the process. */
  close(): Promise<void>;
};

export type StartOptions = {
  /** What the lock names as the holder. Default `nexus start`. */
  command?: string;
  /** False: the caller stops the server; no signal is listened to. Default true. */
  handleSignals?: boolean;
};

/** A service manager restarts what did not end with 0. */
const databaseLostExitCode = 1;
const closingSlackMs = 10_000;

/** Resolves when the server answers. Everything that was opened is closed again when a step fails. */
export async function startServer(config: Config, options: StartOptions = {}): Promise<StartedServer> {
  const { command = 'nexus start', handleSignals = true } = options;
  const logger = createLogger({ level: config.telemetry.logLevel, format: config.telemetry.logFormat });
  const closables = createClosables();
  let stop: () => void = () => undefined;
  try {
    const instance = await openInstance({ config, logger, closables, command, onDatabaseLost: () => stop() });
    const { app, adapters } = instance;
    const workers = await startWorkerRole({ instance, config, logger });
    closables.add('workers', workers.close, { timeoutMs: workerStopMsOf(config) });
    const url = await listen(config, instance, closables);
    if (config.roles.includes('scheduler')) {
      const scheduler = startScheduler(scheduledTasks(app, adapters.database), logger);
      closables.add('scheduler', scheduler.close);
      app.relay.start();
      closables.add('event relay', app.relay.close);
      app.messaging.start();
      closables.add('webhook sender', app.messaging.close);
      closables.add('source watcher', app.sources.watchSources().close);
    }
    closables.add('progress streams', app.ingestion.tasks.endFollowing);
    if (handleSignals) {
      const shutdown = createShutdown(
        {
          refuseWork() {
            app.ingestion.tasks.endFollowing();
            app.server.startDraining();
            workers.stopFetching();
          },
          drain: async () => void (await Promise.all([app.server.close(), workers.close()])),
          close: closables.close,
        },
        {
          drainTimeoutMs: config.http.drainTimeoutMs,
          exitTimeoutMs: exitTimeoutOf(config),
          onEvent: (event, error) => logger.info(`server.${event}`, { module: 'app', ...(error ? { error } : {}) }),
        },
      );
      stop = () => void shutdown.begin(databaseLostExitCode);
    }
    // From here on others know this process and may signal it.
    if (url !== '') await announce(config, { url, instance, closables });
    logger.info('server.ready', { module: 'app', url, home: config.home, roles: config.roles });
    return {
      url,
      createSignInLink: async () => `${url}/#token=${await app.identity.createSignInToken(instance.organization.id)}`,
      close: closables.close,
    };
  } catch (error) {
    await closables.close();
    throw error;
  }
}

/** Draining, then closing whose longest part is the database: these settings count, and a stop is never cut short of them. */
export function exitTimeoutOf(config: Pick<Config, 'http' | 'worker' | 'database'>): number {
  const { http, database } = config;
  return Math.max(http.drainTimeoutMs, workerStopMsOf(config)) + database.embedded.stopTimeoutMs + closingSlackMs;
}

/** How the command line finds this server and may speak to it. */
async function announce(
  config: Config,
  { url, instance, closables }: { url: string; instance: Instance; closables: Closables },
): Promise<void> {
  await writeServerFile(config.home, {
    pid: process.pid,
    url,
    token: instance.operatorToken,
    startedAt: instance.adapters.clock.now().toISOString(),
    version,
  });
  closables.add('server file', () => removeServerFile(config.home));
}

/** The address of the API; empty when another process serves it. */
async function listen(config: Config, { app, adapters }: Instance, closables: Closables): Promise<string> {
  const { metrics, logger, ids, clock } = adapters;
  if (config.telemetry.metricsEnabled) {
    const telemetry = await createTelemetryServer({
      config: config.telemetry,
      http: config.http,
      metrics,
      logger,
      ids,
      clock,
      ready: app.health.missing,
      runChecks: app.health.check,
    });
    closables.add('telemetry listener', telemetry.close);
    await telemetry.listen();
  }
  if (!config.roles.includes('api')) return '';
  closables.add('listener', app.server.close, { timeoutMs: config.http.drainTimeoutMs + 5000 });
  const { url } = await app.server.listen();
  return url;
}
