/** Brings node_modules to what package-lock.json says, once. Runs on Node 18. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BootstrapError, explainInstallFailure } from './errors.mjs';
import { isAlive, sleepMs } from './process.mjs';

export { BootstrapError };

const stampName = '.package-lock-hash';
const lockWaitMs = 600_000;
const flags = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  '--prefer-offline',
  '--fetch-retries=4', // 1, 2, 4 and 8 s: a missing network is reported after a quarter of a minute
  '--fetch-retry-factor=2',
  '--fetch-retry-mintimeout=1000',
  '--include=dev', // also under NODE_ENV=production: the page is built here
  '--include=optional', // Node 24 and PostgreSQL are optional packages, one a platform
];

/** Installs what is missing or older than its lock file; true when it installed something. */
export function ensureInstalled(root, { benches = false } = {}) {
  const folders =
    benches && fs.existsSync(path.join(root, 'bench', 'peers', 'package-lock.json'))
      ? [root, path.join(root, 'bench', 'peers')]
      : [root];
  const stale = folders.filter((folder) => !isFresh(folder));
  if (stale.length === 0) return false;
  return withInstallLock(root, () => {
    for (const folder of stale) if (!isFresh(folder)) install(folder, root);
    return true;
  });
}

/** True when node_modules holds what the lock file says, by the stamp or, without one, by comparing package by package. */
export function isFresh(folder) {
  const lockText = readText(path.join(folder, 'package-lock.json'));
  if (lockText === undefined)
    throw new BootstrapError(`${path.join(folder, 'package-lock.json')} is missing. Take the whole repository.`);
  const hash = createHash('sha256').update(lockText).digest('hex');
  if (readText(path.join(folder, 'node_modules', stampName))?.trim() === hash) {
    renewStamp(folder, hash);
    return true;
  }
  const installedText = readText(path.join(folder, 'node_modules', '.package-lock.json'));
  if (installedText === undefined || !holdsEverything(JSON.parse(lockText), JSON.parse(installedText))) return false;
  writeStamp(folder, hash);
  return true;
}

/** What `npm ci` by hand leaves behind counts too: every needed package in the wanted version. */
export function holdsEverything(lock, installed) {
  const wanted = Object.entries(lock.packages).filter(([name]) => name !== '');
  const has = installed.packages ?? {};
  const complete = wanted.every(([name, entry]) =>
    has[name] ? has[name].version === entry.version : entry.optional === true,
  );
  const names = new Set(wanted.map(([name]) => name));
  return complete && Object.keys(has).every((name) => names.has(name));
}

function install(folder, root) {
  const startMs = Date.now();
  const packages =
    Object.keys(JSON.parse(fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8')).packages).length - 1;
  const place = path.relative(root, folder) || 'the project';
  process.stderr.write(`Installing ${place}: ${packages} packages, exactly as package-lock.json names them … `);
  const result = spawnSync('npm', ['ci', ...flags], {
    cwd: folder,
    encoding: 'utf8',
    env: npmEnvironment(root),
    maxBuffer: 64 << 20,
  });
  if (result.error?.code === 'ENOENT')
    throw new BootstrapError('npm was not found. It comes with Node; install it and run the command again.');
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`;
  if (result.status !== 0) throw new BootstrapError(explainInstallFailure(output, result.status));
  writeStamp(
    folder,
    createHash('sha256')
      .update(fs.readFileSync(path.join(folder, 'package-lock.json')))
      .digest('hex'),
  );
  process.stderr.write(`${((Date.now() - startMs) / 1000).toFixed(1)} s\n`);
}

/** npm must run on the machine's own Node: the pinned one lies in the folder that `npm ci` deletes first. */
function npmEnvironment(root) {
  const own = path.join(root, 'node_modules', '.bin');
  const environment = {
    ...process.env,
    PATH: (process.env.PATH ?? '')
      .split(path.delimiter)
      .filter((entry) => entry !== own)
      .join(path.delimiter),
  };
  const cache = process.env.npm_config_cache ?? path.join(os.homedir(), '.npm');
  if (isWritable(cache)) return environment;
  const substitute = path.join(root, '.cache', 'npm');
  process.stderr.write(`(npm's cache ${cache} is not writable; using ${substitute}) `);
  return { ...environment, npm_config_cache: substitute };
}

/** Whether the folder, or the nearest parent that exists, may be written. */
function isWritable(folder) {
  let existing = folder;
  while (!fs.existsSync(existing) && existing !== path.dirname(existing)) existing = path.dirname(existing);
  try {
    fs.accessSync(existing, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** One installation at a time: a second command waits for the first instead of deleting its work. */
function withInstallLock(root, work) {
  const lockPath = path.join(root, '.cache', 'install.lock');
  const deadlineMs = Date.now() + lockWaitMs;
  while (!takeLock(lockPath)) {
    if (Date.now() > deadlineMs)
      throw new BootstrapError(`Another installation has held ${lockPath} for ten minutes. Delete it if none runs.`);
    sleepMs(300);
  }
  try {
    return work();
  } finally {
    fs.rmSync(lockPath, { force: true });
  }
}

function takeLock(lockPath) {
  try {
    fs.mkdirSync(path.dirname(lockPath), { recursive: true });
    fs.writeFileSync(lockPath, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST')
      throw new BootstrapError(`The project folder is not writable, and packages must be installed: ${error.message}.`);
  }
  const holder = Number(readText(lockPath));
  if (Number.isInteger(holder) && holder > 0 && !isAlive(holder)) fs.rmSync(lockPath, { force: true });
  return false;
}

/** The launcher compares times, not hashes: a lock file touched without a change must not slow it down for ever. */
function renewStamp(folder, hash) {
  const timeOf = (file) => fs.statSync(path.join(folder, file)).mtimeMs;
  if (timeOf(path.join('node_modules', stampName)) <= timeOf('package-lock.json')) writeStamp(folder, hash);
}

function writeStamp(folder, hash) {
  try {
    fs.writeFileSync(path.join(folder, 'node_modules', stampName), `${hash}\n`);
  } catch (error) {
    // Installed by somebody else: without a stamp the packages are compared again next time, which is slower, not wrong.
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error;
  }
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}
