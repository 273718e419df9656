/** Worker processes beside this one: started again when they end, ended with this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Workers } from '#platform/queue/start-workers.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { waitFor } from '#platform/wait-for.ts';

export type WorkerProcessesOptions = {
  count: number;
  /** Settings by path; travel through a pipe, since they hold the URLs of the logins. */
  settings: Readonly<Record<string, unknown>>;
  environment: NodeJS.ProcessEnv;
  /** From the order to stop to the kill. */
  stopTimeoutMs: number;
  logger: Logger;
  /** Which program a child runs; for tests. */
  entry?: URL;
};

/** What a child is told. */
export type WorkerOrder =
  | { kind: 'start'; settings: Readonly<Record<string, unknown>> }
  /** Takes no further jobs, ends those in hand or gives them back, and exits. */
  | { kind: 'stop' };

/** What a child tells: it takes jobs from now on. Before that it has nothing in hand. */
export type WorkerReport = { kind: 'ready' };

const firstRestartMs = 100;
const longestRestartMs = 30_000;
/** A child that lived so long starts its count of failures anew. */
const soundAfterMs = 60_000;

export type WorkerProcesses = Workers & { pids(): number[] };

export function startWorkerProcesses(options: WorkerProcessesOptions): WorkerProcesses {
  const stopping = new AbortController();
  const children = new Set<ChildProcess>();
  const ready = new WeakSet<ChildProcess>();
  const keeping = Array.from({ length: options.count }, (_value, index) => keep(index + 1));

  async function keep(number: number): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      const ended = await run(number);
      if (stopping.signal.aborted) return;
      failures = performance.now() - startedMs > soundAfterMs ? 1 : failures + 1;
      const pauseMs = Math.min(longestRestartMs, firstRestartMs * 2 ** Math.min(failures - 1, 20));
      options.logger.error('worker.ended', { module: 'app', worker: number, ...ended, restart_in_ms: pauseMs });
      await waitFor(pauseMs, stopping.signal).catch(() => undefined);
    }
  }

  function run(number: number): Promise<{ code: number | null; signal: string | null; error?: unknown }> {
    const child = launch(options);
    children.add(child);
    child.once('message', () => ready.add(child));
    options.logger.info('worker.started', { module: 'app', worker: number, pid: child.pid });
    tell(child, { kind: 'start', settings: options.settings });
    return new Promise((resolve) => {
      const end = (code: number | null, signal: string | null, error?: unknown): void => {
        children.delete(child);
        resolve({ code, signal, ...(error === undefined ? {} : { error }) });
      };
      child.once('exit', (code, signal) => end(code, signal));
      child.once('error', (error) => end(null, null, error));
    });
  }

  function stopFetching(): void {
    stopping.abort();
    for (const child of children) {
      if (ready.has(child)) tell(child, { kind: 'stop' });
      // It may take seconds before one that still starts can hear.
      else child.kill('SIGKILL');
    }
  }

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    stopFetching();
    const timer = setTimeout(() => {
      for (const child of children) child.kill('SIGKILL');
    }, options.stopTimeoutMs);
    await Promise.all(keeping);
    clearTimeout(timer);
  }
  return {
    pids: () => [...children].flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    stopFetching() {
      if (!stopping.signal.aborted) stopFetching();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * The child ends when the channel to us does, so it never outlives us. It leads a group of its own: an interrupt at the
 * terminal is for us, and we tell it.
 */
function launch({ entry = new URL('./worker-child.ts', import.meta.url), environment }: WorkerProcessesOptions) {
  return spawn(process.execPath, [fileURLToPath(entry)], {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
}

/** A child that is just ending hears nothing, and need not. */
function tell(child: ChildProcess, order: WorkerOrder): void {
  if (child.connected) child.send(order, () => undefined);
}
