import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';

const holderFile = z.object({ pid: z.int(), startedAt: z.string(), command: z.string() });

/** The process that owns a home directory. */
export type HomeHolder = z.output<typeof holderFile>;

/** The exclusive right to a home directory. It falls when the process ends, however it ends. */
export type HomeLock = {
  readonly holder: HomeHolder;
  /** Gives the home free; harmless when called twice. */
  release(): void;
};

/**
 * Takes the lock on `home` or throws AppError `HOME_LOCKED` within a second, naming the holder. `command` is what the
 * message shows as the holder, e.g. `nexus start`.
 */
export async function lockHome(home: string, options: { command?: string; clock?: Clock } = {}): Promise<HomeLock> {
  const directory = path.join(home, 'run');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, 'home.lock');
  // A bare descriptor: a FileHandle is closed when it is garbage, and the lock would be lost without a word.
  const descriptor = openSync(file, 'a+', 0o600);
  try {
    if (!(await takeLock(descriptor))) throw lockedError(home, await readHolder(file));
    const holder = {
      pid: process.pid,
      startedAt: (options.clock ?? systemClock).now().toISOString(),
      command: options.command ?? path.basename(process.argv[1] ?? process.argv0),
    };
    writeName(descriptor, JSON.stringify(holder));
    return { holder, release: releaseOnce(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** The name is only for the message of others; a full disk must not keep the holder from reading what is there. */
function writeName(descriptor: number, name: string): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, name);
  } catch {
    // The lock is held all the same.
  }
}

function releaseOnce(descriptor: number): () => void {
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    writeName(descriptor, '');
    closeSync(descriptor);
  };
}

const perlFlock = 'use Fcntl ":flock"; open(my $f, "+<&=", 3) or exit 2; exit(flock($f, LOCK_EX | LOCK_NB) ? 0 : 1)';

/**
 * Node has no flock(2). A child locks the descriptor that it inherits: the lock belongs to the open file description,
 * so it stays with this process when the child is gone, and the kernel drops it when this process dies.
 */
async function takeLock(descriptor: number): Promise<boolean> {
  const lockers: [string, string[]][] = [
    ['flock', ['-n', '-x', '3']],
    ['perl', ['-e', perlFlock]],
  ];
  for (const [command, args] of lockers) {
    const exitCode = await runWithDescriptor(command, args, descriptor);
    if (exitCode === 0) return true;
    if (exitCode === 1) return false;
  }
  throw new AppError(
    'HOME_LOCK_FAILED',
    'unavailable',
    'The home directory could not be locked: neither flock (util-linux) nor perl works here. Install one of them.',
  );
}

/** The exit code, or undefined when the command cannot be started. */
function runWithDescriptor(command: string, args: string[], descriptor: number): Promise<number | null | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], timeout: 800 });
    child.once('error', () => resolve(undefined));
    child.once('exit', (code) => resolve(code));
  });
}

/** The holder writes its name just after it took the lock, so an empty file is looked at again for a moment. */
async function readHolder(file: string): Promise<HomeHolder | undefined> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const holder = holderFile.safeParse(parseJson(readFileSync(file, 'utf8')));
    if (holder.success) return holder.data;
    await delay(40);
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lockedError(home: string, holder: HomeHolder | undefined): AppError {
  const who = holder
    ? `process ${holder.pid} (${holder.command}), since ${holder.startedAt}`
    : 'another process that has not written its name yet';
  return new AppError(
    'HOME_LOCKED',
    'conflict',
    `The home ${home} is in use by ${who}. Use that server, stop it with \`./nexus stop\`, or set another NEXUS_HOME.`,
    { details: { home, ...holder } },
  );
}
