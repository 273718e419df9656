/** The app in this process, for a home where no server runs. */
import type { Config } from '#app/config.ts';
import { openInstance } from '#app/open-instance.ts';
import { startOwnWorkers, workerStopMsOf } from '#app/start-worker-role.ts';
import { createClosables } from '#platform/lifecycle/closables.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { type Connection, connectInProcess } from './connection.ts';

export type ConnectOptions = {
  /** What the lock names as the holder while the app lives in this process. */
  command: string;
  /** For the app in this process. */
  logger: Logger;
};

/** Throws `HOME_LOCKED` when another process has the home. */
export async function openHere(config: Config, { command, logger }: ConnectOptions): Promise<Connection> {
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
