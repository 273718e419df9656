/** Starts the server in the background and waits until it answers. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Config, ownEnvironment } from '#app/config.ts';
import type { RunningServer } from '#app/server-file.ts';
import { AppError } from '#platform/errors.ts';
import { awaitServer } from './find-server.ts';

const startDeadlineMs = 60_000;
/** A log larger than this is put aside at the next start; one old log is kept. */
const maxLogBytes = 10_000_000;
const shownLogBytes = 4000;
const mainFile = path.resolve(import.meta.dirname, '../main.ts');

/** `environment` is added to this process's own. Throws `SERVER_START_FAILED` with the last lines of its log. */
export async function launchServer(config: Config, environment: Record<string, string>): Promise<RunningServer> {
  const file = path.join(config.home, 'logs', 'server.log');
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > maxLogBytes) await rename(file, `${file}.old`);
  const log = await open(file, 'a', 0o600);
  try {
    const logStart = (await log.stat()).size;
    const child = spawn(process.execPath, [mainFile, '--background'], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...ownEnvironment(), ...environment, NEXUS_HOME: config.home },
    });
    const ended = new Promise<undefined>((resolve) => {
      child.once('exit', () => resolve(undefined));
      child.once('error', () => resolve(undefined));
    });
    const server = await Promise.race([awaitServer(config.home, startDeadlineMs), ended]);
    if (server === undefined) throw await startFailed(file, logStart);
    child.unref();
    return server;
  } finally {
    await log.close();
  }
}

async function startFailed(file: string, logStart: number): Promise<AppError> {
  const said = (await readFile(file)).subarray(logStart).toString('utf8').slice(-shownLogBytes).trim();
  return new AppError(
    'SERVER_START_FAILED',
    'unavailable',
    `The server did not start. It said:\n${said || '(nothing)'}`,
    {
      details: { log: file },
    },
  );
}
