/** Finds the running server of this home, or builds the app in this process when none runs. */
import type { Config } from '#app/config.ts';
import { openInstance } from '#app/open-instance.ts';
import { isAppError } from '#platform/errors.ts';
import { createClosables } from '#platform/lifecycle/closables.ts';
import { createLogger } from '#platform/telemetry/logger.ts';
import { type Connection, connectInProcess, connectTo } from './connection.ts';
import { awaitServer, findServer } from './find-server.ts';

/** A server that holds the lock and has not told its address yet is given this long to come up. */
const waitForStartMs = 900;

/** `command` is what the lock names as the holder while the app lives in this process. Throws `HOME_LOCKED`. */
export async function connect(config: Config, command: string): Promise<Connection> {
  const running = await findServer(config.home);
  if (running !== undefined) return connectTo(running);
  try {
    return await openHere(config, command);
  } catch (error) {
    if (!isAppError(error, 'HOME_LOCKED')) throw error;
    const started = await awaitServer(config.home, waitForStartMs);
    if (started === undefined) throw error;
    return connectTo(started);
  }
}

async function openHere(config: Config, command: string): Promise<Connection> {
  const closables = createClosables();
  const logger = createLogger({ level: 'warn', format: 'pretty', destination: process.stderr });
  try {
    const { app, operatorToken } = await openInstance({
      config,
      logger,
      closables,
      command,
      onDatabaseLost: () => process.exit(1),
    });
    return connectInProcess(app, operatorToken, async () => {
      await app.server.close();
      await closables.close();
    });
  } catch (error) {
    await closables.close();
    throw error;
  }
}
