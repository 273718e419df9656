/** Finds the running server of this home, or builds the app in this process when none runs. */
import type { Config } from '#app/config.ts';
import { openInstance } from '#app/open-instance.ts';
import { startOwnWorkers, workerStopMsOf } from '#app/start-worker-role.ts';
import { isAppError } from '#platform/errors.ts';
import { createClosables } from '#platform/lifecycle/closables.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { type Connection, connectInProcess, connectTo } from './connection.ts';
import { awaitServer, findServer } from './find-server.ts';

/** A server that holds the lock and has not told its address yet is given this long to come up. */
const waitForStartMs = 900;

export type ConnectOptions = {
  /** What the lock names as the holder while the app lives in this process. */
  command: string;
  /** For the app in this process. */
  logger: Logger;
};

/** Throws `HOME_LOCKED` when another process has the home and is no server that answers. */
export async function connect(config: Config, options: ConnectOptions): Promise<Connection> {
  const running = await findServer(config.home);
  if (running !== undefined) return connectTo(running);
  try {
    return await openHere(config, options);
  } catch (error) {
    if (!isAppError(error, 'HOME_LOCKED')) throw error;
    const started = await awaitServer(config.home, waitForStartMs);
    if (started === undefined) throw error;
    return connectTo(started);
  }
}

async function openHere(config: Config, { command, logger }: ConnectOptions): Promise<Connection> {
  const closables = createClosables();
  try {
    const instance = await openInstance({
      config,
      logger,
      closables,
      command,
      onDatabaseLost: () => process.exit(1),
    });
    const { app, operatorToken } = instance;
    // Nobody else does the jobs of an embedded database while this process holds it. What the command did not wait for
    // is left to the next one.
    const worker = { ...config.worker, drainTimeoutMs: 0 };
    const workers = await startOwnWorkers({ instance, config: { ...config, worker }, logger });
    closables.add('workers', workers.close, { timeoutMs: workerStopMsOf(config) });
    return connectInProcess(app, operatorToken, async () => {
      app.ingestion.tasks.endFollowing();
      await app.server.close();
      await closables.close();
    });
  } catch (error) {
    await closables.close();
    throw error;
  }
}
