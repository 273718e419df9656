import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitTimeoutOf } from '#app/start-server.ts';
import { AppError, isAppError } from '#platform/errors.ts';
import { lockHome } from '#platform/lifecycle/home-lock.ts';
import type { CommandContext } from '../command.ts';
import { findServer } from '../find-server.ts';

/** The server ends itself before; this is for one that cannot. */
const graceMs = 2000;
const pollMs = 50;

/** Asks the server to stop and waits until its process is gone; what it had accepted is finished first. */
export async function runStop({ config, terminal, asJson }: CommandContext): Promise<undefined> {
  const server = await findServer(config.home);
  if (server === undefined) {
    await requireNoHolder(config.home);
    if (asJson) terminal.printJson({ stopped: false });
    else terminal.print(`No server runs on ${config.home}.`);
    return;
  }
  const exitDeadlineMs = exitTimeoutOf(config) + graceMs;
  process.kill(server.pid, 'SIGTERM');
  for (let waitedMs = 0; isAlive(server.pid); waitedMs += pollMs) {
    if (waitedMs > exitDeadlineMs) {
      throw new AppError(
        'STOP_LATE',
        'timeout',
        `The server (process ${server.pid}) has not ended within ${exitDeadlineMs / 1000} seconds. Look into its log below ${config.home}/logs.`,
      );
    }
    await sleep(pollMs);
  }
  if (asJson) terminal.printJson({ stopped: true, pid: server.pid });
  else terminal.print(`The server at ${server.url} has stopped.`);
}

/** A server that is still starting, or that hangs, holds the home without answering: that is not «no server». */
async function requireNoHolder(home: string): Promise<void> {
  try {
    const lock = await lockHome(home, { command: 'nexus stop' });
    await lock.release();
  } catch (error) {
    if (!isAppError(error, 'HOME_LOCKED')) throw error;
    const { pid, command } = error.details;
    throw new AppError(
      'SERVER_NOT_ANSWERING',
      'conflict',
      `Process ${pid} (${command}) holds ${home} and does not answer. If it is starting, wait and try again; if it hangs, end it with \`kill ${pid}\`.`,
      { cause: error },
    );
  }
}

/** A process that has ended and that nobody collected counts as gone: in a container the first process may never do it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isUncollected(pid);
}

/** The state follows the name, which stands in brackets and may hold anything. Without /proc nobody can tell. */
function isUncollected(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
