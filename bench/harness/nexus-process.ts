/** The product as a process of its own, on free ports and a home of the caller's, for benches and assurance programs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, readServerFile } from '#app/server-file.ts';
import { projectRoot } from './machine.ts';

export type NexusProcess = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  /** From the start of the process to the first 200 of /health/ready. */
  readonly readyMs: number;
  /** A JSON call as the operator. */
  call(method: string, target: string, body?: string | Uint8Array): Promise<{ status: number; text: string }>;
  /** SIGTERM, and SIGKILL when that takes more than twenty seconds. */
  stop(): Promise<void>;
};

const readyDeadlineMs = 30_000;
const stopDeadlineMs = 20_000;

/**
 * Inherits the model folder and nothing else of the environment. `wrapper` is a command that runs the server as its child,
 * e.g. `strace …`. Throws when the server is not ready in time.
 */
export async function startNexus(
  home: string,
  settings: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Promise<NexusProcess> {
  const startedMs = performance.now();
  const { PATH, NEXUS_MODEL_DIR } = process.env;
  const [program = '', ...args] = [
    ...wrapper,
    process.execPath,
    '--max-semi-space-size=8',
    path.join(projectRoot, 'src/main.ts'),
    '--background',
  ];
  const child = spawn(program, args, {
    env: {
      PATH,
      NEXUS_HOME: home,
      NEXUS_HTTP__PORT: '0',
      NEXUS_TELEMETRY__METRICS_PORT: '0',
      NEXUS_TELEMETRY__LOG_LEVEL: 'error',
      ...(NEXUS_MODEL_DIR === undefined ? {} : { NEXUS_MODEL_DIR: path.resolve(NEXUS_MODEL_DIR) }),
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const running = await untilReady(home, child, startedMs);
  return {
    child,
    pid: running.pid,
    url: running.url,
    token: running.token,
    readyMs: performance.now() - startedMs,
    call: (method, target, body) => callNexus(running, method, target, body),
    stop: () => stopProcess(child),
  };
}

/** Waits for the first 200 of /health/ready from this process, counted from `startedMs`. */
export async function untilReady(home: string, child: ChildProcess, startedMs: number): Promise<RunningServer> {
  while (performance.now() - startedMs < readyDeadlineMs) {
    if (child.exitCode !== null) throw new Error(`The server ended with exit code ${child.exitCode}.`);
    const running = await readServerFile(home);
    if (running !== undefined && isOf(running.pid, child.pid) && (await isReady(running.url))) return running;
    await sleep(2);
  }
  throw new Error(`The server was not ready within ${readyDeadlineMs} ms.`);
}

/** True for the process itself, and for the one that a wrapper has started. */
function isOf(pid: number, childPid: number | undefined): boolean {
  if (pid === childPid) return true;
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${childPid}\n`);
  } catch {
    return false;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/health/ready`);
    await reply.text();
    return reply.status === 200;
  } catch {
    // Not listening yet, or not any more.
    return false;
  }
}

async function callNexus(
  { url, token }: RunningServer,
  method: string,
  target: string,
  body?: string | Uint8Array,
): Promise<{ status: number; text: string }> {
  const type = typeof body === 'string' && body.startsWith('{') ? 'application/json' : 'application/octet-stream';
  const reply = await fetch(`${url}${target}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
  return { status: reply.status, text: await reply.text() };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const force = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(force);
}
