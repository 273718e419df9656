/** Finds the running server of this home, or builds the app in this process when none runs. */
import type { Config } from '#app/config.ts';
import { isAppError } from '#platform/errors.ts';
import { type Connection, connectTo } from './connection.ts';
import { awaitServer, findServer } from './find-server.ts';
import type { ConnectOptions } from './open-here.ts';

/** A server that holds the lock and has not told its address yet is given this long to come up. */
const waitForStartMs = 900;

/** Throws `HOME_LOCKED` when another process has the home and is no server that answers. */
export async function connect(config: Config, options: ConnectOptions): Promise<Connection> {
  const running = await findServer(config.home);
  if (running !== undefined) return connectTo(running);
  try {
    // The whole product is read from the disk for this only.
    const { openHere } = await import('./open-here.ts');
    return await openHere(config, options);
  } catch (error) {
    if (!isAppError(error, 'HOME_LOCKED')) throw error;
    const started = await awaitServer(config.home, waitForStartMs);
    if (started === undefined) throw error;
    return connectTo(started);
  }
}
