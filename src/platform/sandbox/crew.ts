/** The children of a pool: who works, who idles, who waits for one. */
import { AppError } from '../errors.ts';
import { type Child, residentMegabytes } from './child.ts';
import type { SandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';

export type Worker = { child: Child; jobs: number; busyMs: number; idleTimer: NodeJS.Timeout | undefined };

export type Crew = {
  /** A child for one file. Waits for one when all work; throws PARSER_BUSY when too many wait, or the signal's reason. */
  acquire(signal: AbortSignal): Promise<Worker>;
  /** Gives the child back, dead or alive. */
  release(worker: Worker): void;
  readonly size: number;
  close(): Promise<void>;
};

type Waiter = { resolve: (worker: Worker) => void; reject: (error: unknown) => void };
type CrewOptions = {
  start: () => Promise<Child>;
  config: Pick<SandboxConfig, 'size' | 'maxQueued' | 'idleMs' | 'maxJobs' | 'maxMemoryMegabytes'>;
  /** A child that worked longer than this in all is replaced, before its processor time ends in the middle of a file. */
  maxBusyMs: number;
};

/** A child that grew beyond this share of its memory limit is not given another file. */
const retireMemoryShare = 0.5;

export function createCrew({ start, config, maxBusyMs }: CrewOptions): Crew {
  const idle = createIdleWorkers(config.idleMs);
  const busy = new Set<Worker>();
  const waiters: Waiter[] = [];
  let starting = 0;
  let closed = false;

  const hasRoom = (): boolean => busy.size + starting < config.size;

  const startWorker = async (): Promise<Worker> => {
    starting += 1;
    try {
      const child = await start();
      if (closed) {
        child.kill(stoppingError());
        throw stoppingError();
      }
      const worker = { child, jobs: 0, busyMs: 0, idleTimer: undefined };
      busy.add(worker);
      return worker;
    } finally {
      starting -= 1;
    }
  };

  /** Starts a child for each waiter that there is room for; a start that fails must not strand those behind it. */
  const serveWaiters = (): void => {
    while (waiters.length > 0 && hasRoom()) {
      const waiter = waiters.shift();
      if (waiter !== undefined) startWorker().then(waiter.resolve, waiter.reject).finally(serveWaiters);
    }
  };

  return {
    get size() {
      return busy.size + starting + idle.count();
    },
    async acquire(signal) {
      if (closed) throw stoppingError();
      const worker = idle.take();
      if (worker !== undefined) {
        busy.add(worker);
        return worker;
      }
      if (hasRoom()) return startWorker().finally(serveWaiters);
      if (waiters.length < config.maxQueued) return waitForWorker(waiters, signal);
      throw new AppError('PARSER_BUSY', 'unavailable', `${waiters.length} files already wait to be read.`);
    },
    release(worker) {
      const { child, jobs, busyMs } = worker;
      const isWorn = jobs >= config.maxJobs || busyMs > maxBusyMs || isLarge(child, config.maxMemoryMegabytes);
      if (closed || isWorn || !child.isAlive()) {
        busy.delete(worker);
        child.kill(stoppingError());
        serveWaiters();
        return;
      }
      const waiter = waiters.shift();
      if (waiter !== undefined) {
        waiter.resolve(worker);
        return;
      }
      busy.delete(worker);
      idle.keep(worker);
    },
    async close() {
      closed = true;
      for (const waiter of waiters.splice(0)) waiter.reject(stoppingError());
      const children = [...busy, ...idle.takeAll()].map(({ child }) => child);
      for (const child of children) child.kill(stoppingError());
      await Promise.all(children.map(({ exited }) => exited));
    },
  };
}

/** Idle children, latest first: the others reach their end and give their memory back. */
function createIdleWorkers(idleMs: number) {
  const idle: Worker[] = [];
  const forget = (worker: Worker): void => {
    clearTimeout(worker.idleTimer);
    const index = idle.indexOf(worker);
    if (index >= 0) idle.splice(index, 1);
  };
  return {
    count: (): number => idle.filter(({ child }) => child.isAlive()).length,
    keep(worker: Worker): void {
      worker.idleTimer = setTimeout(() => {
        forget(worker);
        worker.child.kill(stoppingError());
      }, idleMs);
      idle.push(worker);
    },
    take(): Worker | undefined {
      for (const worker of [...idle].reverse()) {
        forget(worker);
        if (worker.child.isAlive()) return worker;
      }
      return undefined;
    },
    takeAll(): Worker[] {
      const all = [...idle];
      for (const worker of all) forget(worker);
      return all;
    },
  };
}

function isLarge({ pid }: Child, maxMemoryMegabytes: number): boolean {
  const megabytes = pid === undefined ? undefined : residentMegabytes(pid);
  return (megabytes ?? 0) > maxMemoryMegabytes * retireMemoryShare;
}

function waitForWorker(waiters: Waiter[], signal: AbortSignal): Promise<Worker> {
  const { promise, resolve, reject } = Promise.withResolvers<Worker>();
  const waiter: Waiter = { resolve, reject };
  const leave = (): void => {
    const index = waiters.indexOf(waiter);
    if (index < 0) return;
    waiters.splice(index, 1);
    reject(signal.reason);
  };
  signal.addEventListener('abort', leave, { once: true });
  waiters.push(waiter);
  return promise.finally(() => signal.removeEventListener('abort', leave));
}
