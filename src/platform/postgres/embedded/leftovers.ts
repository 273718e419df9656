import { execFile } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { readdir, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AppError } from '../../errors.ts';
import { socketName } from './directories.ts';

/** How long each harder means gets; all of it stays within the two seconds that a start after a crash may take. */
const patience: [NodeJS.Signals, number][] = [
  ['SIGINT', 800],
  ['SIGQUIT', 600],
  ['SIGKILL', 2_000],
];
const pollMs = 3;

/**
 * Ends every PostgreSQL process that an earlier, dead owner of `dataDirectory` left behind: first as a fast shutdown,
 * then harder. Only for the holder of the home's lock. A server is never adopted: its settings and its parent are not
 * ours. Returns how many processes there were; throws AppError `EMBEDDED_POSTGRES_STUCK` when one does not end.
 */
export async function stopLeftovers(dataDirectory: string, socketDirectory?: string): Promise<number> {
  const directory = await realpath(dataDirectory).catch(() => dataDirectory);
  const found = await findProcesses(directory);
  const postmaster = await readPostmasterPid(directory);
  let left = found;
  for (const [signal, waitMs] of patience) {
    if (left.length === 0) break;
    const hasPostmaster = postmaster !== undefined && left.includes(postmaster);
    // Backends without their postmaster hold its shared memory and have nothing left to say.
    if (hasPostmaster) send(postmaster, signal);
    else for (const pid of left) send(pid, 'SIGKILL');
    left = await waitUntilGone(directory, left, waitMs);
  }
  if (left.length > 0) throw stuck(left);
  await dropStaleLocks(directory, socketDirectory);
  return found.length;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Watches the processes it knows; only when they are gone it looks whether others came. */
async function waitUntilGone(directory: string, pids: number[], waitMs: number): Promise<number[]> {
  const deadlineMs = performance.now() + waitMs;
  let watched = pids;
  for (;;) {
    watched = hasProc ? watched.filter((pid) => worksIn(pid, directory)) : await findProcesses(directory);
    if (watched.length === 0) watched = await findProcesses(directory);
    if (watched.length === 0 || performance.now() > deadlineMs) return watched;
    await delay(pollMs);
  }
}

const hasProc = existsSync('/proc/self/cwd');

/**
 * The server's processes are those that work inside the data directory and run a program named postgres; a pid alone
 * proves nothing, it may have been given to somebody else since.
 */
async function findProcesses(directory: string): Promise<number[]> {
  if (!hasProc) return findProcessesByPidFile(directory);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => worksIn(pid, directory));
}

/** Synchronous, because a thousand of these take a few milliseconds this way and many as promises. */
function worksIn(pid: number, directory: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== directory) return false;
    return path.basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')) === 'postgres';
  } catch {
    // Gone, or not ours to look at, which a server of ours never is.
    return false;
  }
}

/** Without /proc (macOS): the process of postmaster.pid, when its command line names this directory. */
async function findProcessesByPidFile(directory: string): Promise<number[]> {
  const pid = await readPostmasterPid(directory);
  if (pid === undefined) return [];
  const commandLine = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).then(
    (result) => result.stdout,
    () => '',
  );
  return commandLine.includes('postgres') && commandLine.includes(directory) ? [pid] : [];
}

async function readPostmasterPid(directory: string): Promise<number | undefined> {
  const text = await readFile(path.join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 1 ? pid : undefined;
}

/**
 * The pid of a dead server may belong to another process by now, or to a zombie that nobody collects (a container
 * without an init), and PostgreSQL would then refuse to start. We hold the home's lock and have just seen that no
 * server works here, so the files say nothing any more.
 */
async function dropStaleLocks(directory: string, socketDirectory: string | undefined): Promise<void> {
  const socket = socketDirectory === undefined ? [] : [path.join(socketDirectory, socketName)];
  const files = [path.join(directory, 'postmaster.pid'), ...socket, ...socket.map((file) => `${file}.lock`)];
  for (const file of files) await rm(file, { force: true });
}

function stuck(pids: number[]): AppError {
  return new AppError(
    'EMBEDDED_POSTGRES_STUCK',
    'unavailable',
    `An earlier embedded PostgreSQL of this home does not end (process ${pids.join(', ')}). End it by hand, then start again.`,
    { details: { pids } },
  );
}
