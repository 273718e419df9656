/** The real command line in processes of its own, on a home that is thrown away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Ran = {
  code: number | null;
  output: string;
  errors: string;
  seconds: number;
  /** Most memory that the process itself held, as far as it was seen. */
  peakMegabytes: number;
  /** The one JSON document on standard output; throws when there is more or less. */
  json(): Reply;
};

// biome-ignore lint/suspicious/noExplicitAny: what the replies hold is what the tests assert.
export type Reply = any;

export type RunOptions = { environment?: Record<string, string>; script?: string };

export type CommandLine = {
  home: string;
  /** Runs one command to its end. */
  run(args: string[], options?: RunOptions): Promise<Ran>;
  /** Starts a server in the foreground without waiting for it. */
  spawnServer(): { pid: number; ended: Promise<Ran> };
  /** Starts a server in the foreground and waits until it has told its address. */
  start(environment?: Record<string, string>): Promise<Server>;
  /** Stops what still runs and removes the home. */
  remove(): Promise<void>;
};

export type Server = {
  pid: number;
  url: string;
  token: string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; seconds: number }>;
};

export const root = path.resolve(import.meta.dirname, '../..');
const node = process.execPath;
const pollMs = 20;
const startDeadlineMs = 20_000;

export const sleep = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

export function createCommandLine({ home, from = root }: { home?: string; from?: string } = {}): CommandLine {
  const folder = home ?? mkdtempSync(path.join(tmpdir(), 'nexus-cli-'));
  const servers: ChildProcess[] = [];
  const environmentOf = (environment: Record<string, string> = {}): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    NEXUS_HOME: folder,
    NEXUS_HTTP__PORT: '0',
    NEXUS_TELEMETRY__METRICS_PORT: '0',
    ...environment,
  });
  const launch = (args: string[], { environment, script = 'src/cli/main.ts' }: RunOptions = {}) =>
    spawn(node, [path.join(from, script), ...args], { cwd: tmpdir(), env: environmentOf(environment) });

  const spawnServer = (environment: Record<string, string> = {}) => {
    const child = launch(['start'], { environment });
    servers.push(child);
    return { child, ended: watch(child) };
  };

  return {
    home: folder,
    run: (args, options) => watch(launch(args, options)),
    spawnServer() {
      const { child, ended } = spawnServer();
      return { pid: child.pid ?? 0, ended };
    },
    async start(environment) {
      const { child, ended } = spawnServer(environment);
      return { ...(await readServer(folder, child)), end: (signal) => endWith(child, ended, signal) };
    },
    async remove() {
      for (const server of servers) server.kill('SIGKILL');
      await watch(launch(['stop']));
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

function watch(child: ChildProcess): Promise<Ran> {
  const startMs = performance.now();
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  let peakMegabytes = 0;
  child.stdout?.on('data', (part: Buffer) => output.push(part));
  child.stderr?.on('data', (part: Buffer) => errors.push(part));
  const look = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, peakMemoryOf(child.pid));
  }, pollMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(look);
      const text = Buffer.concat(output).toString('utf8');
      resolve({
        code,
        output: text,
        errors: Buffer.concat(errors).toString('utf8'),
        seconds: (performance.now() - startMs) / 1000,
        peakMegabytes,
        json: () => JSON.parse(text),
      });
    });
  });
}

/** The kernel's high-water mark of a process, in MB; 0 when it is gone or the system does not tell. */
export function peakMemoryOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

async function readServer(home: string, child: ChildProcess): Promise<Pick<Server, 'pid' | 'url' | 'token'>> {
  const file = path.join(home, 'run/server.json');
  for (const endsMs = performance.now() + startDeadlineMs; performance.now() < endsMs; await sleep(pollMs)) {
    if (child.exitCode !== null) break;
    if (!existsSync(file)) continue;
    const server = JSON.parse(readFileSync(file, 'utf8'));
    if (server.pid === child.pid) return server;
  }
  throw new Error('The server did not start.');
}

async function endWith(child: ChildProcess, ended: Promise<Ran>, signal: NodeJS.Signals) {
  const startMs = performance.now();
  child.kill(signal);
  const { code } = await ended;
  return { code, seconds: (performance.now() - startMs) / 1000 };
}
