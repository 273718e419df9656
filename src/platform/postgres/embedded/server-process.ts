import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import type { RunAs } from './run-as.ts';
import type { ServerLog } from './server-log.ts';
import { startFailure } from './start-failure.ts';

/** One run of the server, from its start to its end. */
export type ServerProcess = {
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Fast shutdown (open transactions are undone), immediate after `timeoutMs`, killed when even that hangs. */
  stop(timeoutMs: number): Promise<void>;
};

const readyPollMs = 4;
const immediateTimeoutMs = 3_000;
const lastWordsMs = 500;

/** Starts the server on an initialised directory and returns when it accepts connections; recovery is included. */
export async function startServerProcess(input: {
  binaries: Binaries;
  runAs: RunAs;
  dataDirectory: string;
  settings: string[];
  log: ServerLog;
  startTimeoutMs: number;
}): Promise<ServerProcess> {
  const { binaries, runAs, dataDirectory, settings, log } = input;
  const [command, args] = runAs.wrap(binaries.postgres, ['-D', dataDirectory, ...settings], 'INT');
  // A session of its own: Ctrl-C in the terminal is for us, the server must outlive our drain.
  const child = spawn(command, args, {
    env: binaries.environment,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // Without a free file descriptor there are no pipes, whatever the types say.
  if (!child.stderr) throw startFailure([], 'no free file descriptor');
  log.follow(child.stderr);
  // Backends that outlive a killed server keep its output open, so its end is not waited for, only asked about.
  const saidAll = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const guardian =
    runAs.diesWithParent || child.pid === undefined ? undefined : startGuardian(child.pid, dataDirectory);
  void ended.then(() => guardian?.kill('SIGKILL'));
  const stop = (timeoutMs: number): Promise<void> => stopProcess(child, ended, timeoutMs);

  if (!(await becomesReady(child, ended, dataDirectory, input.startTimeoutMs))) {
    const late = isRunning(child);
    await stop(1_000);
    await Promise.race([saidAll, delay(lastWordsMs)]);
    throw startFailure(log.lastLines(10), late ? `not ready within ${input.startTimeoutMs} ms` : 'it ended');
  }
  return { pid: child.pid ?? 0, ended, stop };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** The server writes its state into the eighth line of postmaster.pid; reading it costs it nothing. */
async function becomesReady(
  child: ChildProcess,
  ended: Promise<void>,
  dataDirectory: string,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (isRunning(child) && performance.now() < deadlineMs) {
    if (saysReady(dataDirectory, child.pid)) return true;
    await delay(readyPollMs);
  }
  if (!isRunning(child)) await ended;
  return false;
}

function saysReady(dataDirectory: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(path.join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function stopProcess(child: ChildProcess, ended: Promise<void>, timeoutMs: number): Promise<void> {
  const means: [NodeJS.Signals, number][] = [
    ['SIGINT', timeoutMs],
    ['SIGQUIT', immediateTimeoutMs],
    ['SIGKILL', immediateTimeoutMs],
  ];
  for (const [signal, waitMs] of means) {
    if (!isRunning(child)) break;
    child.kill(signal);
    await Promise.race([ended, delay(waitMs, undefined, { ref: false })]);
  }
  await Promise.race([ended, delay(immediateTimeoutMs, undefined, { ref: false })]);
}

/** Where no signal comes when we die (macOS): a shell on a pipe that ends with us, and then stops the server. */
function startGuardian(pid: number, dataDirectory: string): ChildProcess {
  const script = 'cat >/dev/null; case "$(ps -o command= -p "$1")" in *"$2"*) kill -INT "$1";; esac';
  const guardian = spawn('/bin/sh', ['-c', script, 'guardian', String(pid), dataDirectory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guardian.unref();
  return guardian;
}
