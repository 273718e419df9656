/** A PostgreSQL server of the system's own package, on a free port and a folder of the caller's, migrated for Nexus. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { projectRoot } from './machine.ts';

export type ServerPostgres = {
  /** What a Nexus process needs to use it. */
  readonly settings: Record<string, string>;
  readonly pid: number;
  /** SIGKILL to the postmaster; waits until it and its children are gone. */
  kill(): Promise<void>;
  /** Starts it again on the same folder and port; returns when it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

const readyDeadlineMs = 30_000;
const run = promisify(execFile);

/** The newest installed server's programs; undefined: none is installed. */
export function findServerPrograms(): string | undefined {
  const found = globSync('/usr/lib/postgresql/*/bin/initdb').sort(
    (left, right) => Number.parseInt(left.slice(20), 10) - Number.parseInt(right.slice(20), 10),
  );
  const newest = found.at(-1);
  return newest === undefined ? undefined : path.dirname(newest);
}

type Installation = {
  data: string;
  url: string;
  port: number;
  /** A program of the server as it must be called. */
  as(program: string, args: string[]): [string, string[]];
};

async function install(folder: string, programs: string): Promise<Installation> {
  const asRoot = process.getuid?.() === 0;
  const data = path.join(folder, 'data');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (asRoot) await giveToPostgres(folder);
  const password = randomBytes(16).toString('hex');
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  const as = (program: string, args: string[]): [string, string[]] => {
    const file = path.join(programs, program);
    const asPostgres = ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--', file, ...args];
    return asRoot ? ['setpriv', asPostgres] : [file, args];
  };
  const login = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run(...as('initdb', ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--locale=C', ...login]), { cwd: '/' });
  const port = await freePort();
  return { data, port, url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`, as };
}

/** `folder` must be reachable for the user `postgres` when this process is root. */
export async function startServerPostgres(folder: string, programs: string): Promise<ServerPostgres> {
  const { data, port, url, as } = await install(folder, programs);
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const options = ['listen_addresses=127.0.0.1', 'max_connections=100'].flatMap((option) => ['-c', option]);
    const args = ['-D', data, '-p', String(port), '-k', folder, ...options];
    for (const endsMs = performance.now() + readyDeadlineMs; performance.now() < endsMs; await sleep(10)) {
      // Refused while children of a killed one still hold the shared memory: they end by themselves, so it is tried again.
      if (child === undefined || hasEnded(child)) child = spawn(...as('postgres', args), { cwd: '/', stdio: 'ignore' });
      if (await answers(url)) return;
    }
    throw new Error(`The PostgreSQL server did not answer within ${readyDeadlineMs} ms.`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (ending === undefined || hasEnded(ending)) return;
    const gone = new Promise((resolve) => ending.once('exit', resolve));
    process.kill(postmasterPid(data), signal);
    await gone;
  }

  await start();
  const settings = { DATABASE_URL: url, NEXUS_DATABASE__LOGIN_SECRET: randomBytes(24).toString('hex') };
  await run(process.execPath, [path.join(projectRoot, 'src/cli/main.ts'), 'migrate'], {
    env: { PATH: process.env.PATH, NEXUS_HOME: path.join(folder, 'home-of-migrate'), ...settings },
  });
  return {
    settings,
    get pid() {
      return postmasterPid(data);
    },
    kill: () => end('SIGKILL'),
    start,
    stop: () => end('SIGINT'),
  };
}

async function giveToPostgres(folder: string): Promise<void> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  );
  chownSync(folder, uid ?? 0, gid ?? 0);
}

const postmasterPid = (data: string): number =>
  Number(readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
