/** Starts the server in the background and waits until it answers. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Config, ownEnvironment } from '#app/config.ts';
import type { RunningServer } from '#app/server-file.ts';
import { AppError, type ErrorKind } from '#platform/errors.ts';
import { exitCodes } from './exit-codes.ts';
import { awaitServer } from './find-server.ts';
import { startFailedEvent } from './start-failed-event.ts';

const startDeadlineMs = 60_000;
/** A log larger than this is put aside at the next start; one old log is kept. */
const maxLogBytes = 10_000_000;
const shownLogBytes = 8000;
/** A small young generation: a quarter less memory during ingestion, no more CPU (measured, `bench -- ingest`). */
const serverFlags = ['--max-semi-space-size=8'];
const mainFile = path.resolve(import.meta.dirname, '../main.ts');

/**
 * `environment` is added to this process's own. Throws what the server failed with, or `SERVER_START_FAILED` with the
 * last lines of its log.
 */
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
    const child = spawn(process.execPath, [...serverFlags, mainFile, '--background'], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...ownEnvironment(), ...environment, NEXUS_HOME: config.home },
    });
    const ended = new AbortController();
    child.once('exit', () => ended.abort());
    child.once('error', () => ended.abort());
    const server = await awaitServer(config.home, startDeadlineMs, ended.signal);
    if (server === undefined) {
      child.kill();
      throw await startFailed(file, logStart);
    }
    child.unref();
    return server;
  } finally {
    await log.close();
  }
}

async function startFailed(file: string, logStart: number): Promise<AppError> {
  const said = (await readFile(file)).subarray(logStart).toString('utf8').slice(-shownLogBytes).trim();
  const reason = said
    .split('\n')
    .map(readStartFailure)
    .findLast((failure) => failure !== undefined);
  if (reason !== undefined) return new AppError(reason.code, reason.kind, reason.message, { details: reason.details });
  return new AppError(
    'SERVER_START_FAILED',
    'unavailable',
    `The server did not start. It said:\n${said || '(nothing)'}`,
    { details: { log: file } },
  );
}

const startFailure = z.object({
  event: z.literal(startFailedEvent),
  error: z.object({
    code: z.string(),
    kind: z.enum(Object.keys(exitCodes) as ErrorKind[]),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});

function readStartFailure(line: string) {
  try {
    const { code, kind, message, details = {} } = startFailure.parse(JSON.parse(line)).error;
    return { code, kind, message, details };
  } catch {
    return undefined;
  }
}
