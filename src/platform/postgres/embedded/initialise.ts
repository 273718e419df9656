import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import type { Binaries } from './binaries.ts';
import { type Directories, syncDirectory } from './directories.ts';
import { stopLeftovers } from './leftovers.ts';
import { giveAllTo, giveTo, type RunAs, requirePassage } from './run-as.ts';
import { startFailure } from './start-failure.ts';

/** The major version of the programs that come along. */
const majorVersion = '18';
const initdbTimeoutMs = 60_000;

/**
 * Makes the data directory unless a complete one is there: it grows under another name, is synced by initdb and then
 * renamed, so that a cut at any moment leaves either nothing or a whole cluster. Returns whether it was made now.
 */
export async function initialise(input: {
  directories: Directories;
  binaries: Binaries;
  runAs: RunAs;
  adminPassword: Secret;
}): Promise<boolean> {
  const { directories, runAs } = input;
  await mkdir(directories.root, { recursive: true, mode: 0o700 });
  await requirePassage(runAs, directories.root);
  const version = await readVersion(directories.data);
  if (version !== undefined) {
    requireVersion(version, directories.data);
    // A copied home may have lost its modes, and the server insists on them.
    await chmod(directories.data, 0o700);
    await giveTo(runAs.uid, directories.root);
    return false;
  }
  await stopLeftovers(directories.growing);
  await rm(directories.growing, { recursive: true, force: true, maxRetries: 3 });
  await giveTo(runAs.initdb.uid, directories.root);
  await growCluster(input);
  await giveAllTo(runAs.uid, directories.growing);
  await giveTo(runAs.uid, directories.root);
  await rename(directories.growing, directories.data);
  await syncDirectory(directories.root);
  await syncDirectory(path.dirname(directories.root));
  return true;
}

async function readVersion(dataDirectory: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(dataDirectory, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function requireVersion(version: string, dataDirectory: string): void {
  if (version === majorVersion) return;
  throw new AppError(
    'EMBEDDED_POSTGRES_VERSION',
    'unsupported',
    `${dataDirectory} was made by PostgreSQL ${version}; this release brings PostgreSQL ${majorVersion}. Restore a backup into a new NEXUS_HOME, or use the release that made it.`,
    { details: { found: version, expected: majorVersion } },
  );
}

async function growCluster(input: {
  directories: Directories;
  binaries: Binaries;
  runAs: RunAs;
  adminPassword: Secret;
}): Promise<void> {
  const { directories, binaries, runAs, adminPassword } = input;
  const passwordFile = path.join(directories.root, 'password.tmp');
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${adminPassword.reveal()}\n`, { mode: 0o600 });
  await giveTo(runAs.initdb.uid, passwordFile);
  const args = [
    ['-D', directories.growing],
    ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    ['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions'],
  ].flat();
  try {
    const { exitCode, output } = await run(runAs.initdb.wrap(binaries.initdb, args, 'KILL'), binaries.environment, '/');
    if (exitCode !== 0) throw startFailure(output.split('\n').slice(-10), 'initdb failed');
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function run(
  [command, args]: [string, string[]],
  environment: Record<string, string>,
  workingDirectory: string,
): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: workingDirectory,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: initdbTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stderr.on('data', (bytes: Buffer) => {
      output = (output + bytes.toString('utf8')).slice(-8_000);
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output: output.trim() }));
  });
}
