/** The children of a pool: who works, who idles, who waits for one. */
import { AppError } from '../errors.ts';
import type { Child } from './child.ts';
import type { SandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';
import { createIdleWorkers, type Worker } from './idle-workers.ts';
import { residentMegabytes } from './process-memory.ts';
import { createWaitingLine } from './waiting-line.ts';

export type Crew = {
  /** A child for one file. Waits for one when all work; throws PARSER_BUSY when too many wait, or the signal's reason. */
  acquire(signal: AbortSignal, isQuick: boolean): Promise<Worker>;
  /** Gives the child back, dead or alive. */
  release(worker: Worker): void;
  readonly size: number;
  close(): Promise<void>;
};

type CrewOptions = {
  start: () => Promise<Child>;
  config: Pick<SandboxConfig, 'size' | 'quickSize' | 'maxQueued' | 'idleMs' | 'maxJobs' | 'maxMemoryMegabytes'>;
  /** A child that worked longer than this in all is replaced, before its processor time ends in the middle of a file. */
  maxBusyMs: number;
};

/** A child that grew beyond this share of its memory limit is not given another file. */
const retireMemoryShare = 0.5;

export function createCrew({ start, config, maxBusyMs }: CrewOptions): Crew {
  const idle = createIdleWorkers(config.idleMs);
  const line = createWaitingLine<Worker>(hasRoom);
  const busy = new Set<Worker>();
  const starting = { quick: 0, other: 0 };
  let closed = false;

  const size = (): number => busy.size + starting.quick + starting.other + idle.count();

  /** Quick files may have every child, others all but those that are kept for the quick ones. */
  function hasRoom(isQuick: boolean): boolean {
    const quickBusy = [...busy].filter((worker) => worker.isQuick).length;
    const others = busy.size - quickBusy + starting.other;
    const all = busy.size + starting.other + starting.quick;
    return all < config.size + config.quickSize && (isQuick || others < config.size);
  }

  async function startWorker(isQuick: boolean): Promise<Worker> {
    const lane = isQuick ? 'quick' : 'other';
    // One that idles and is no good for this file: there are never more than may work at once.
    if (size() >= config.size + config.quickSize) idle.endOne();
    starting[lane] += 1;
    try {
      const child = await start();
      if (closed) {
        child.kill(stoppingError());
        throw stoppingError();
      }
      const worker = { child, jobs: 0, busyMs: 0, isQuick, idleTimer: undefined };
      busy.add(worker);
      return worker;
    } finally {
      starting[lane] -= 1;
    }
  }

  function takeIdle(isQuick: boolean): Worker | undefined {
    // Never more children than may work at once.
    const canStart = size() < config.size + config.quickSize;
    const worker = idle.take(isQuick, canStart ? config.quickSize : 0);
    if (worker === undefined) return undefined;
    worker.isQuick = isQuick;
    busy.add(worker);
    return worker;
  }

  /** A child for each waiter that there is room for; a start that fails must not strand those behind it. */
  function serveWaiters(): void {
    for (let waiter = line.next(); waiter !== undefined; waiter = line.next()) {
      const worker = takeIdle(waiter.isQuick);
      if (worker !== undefined) waiter.resolve(worker);
      else startWorker(waiter.isQuick).then(waiter.resolve, waiter.reject).finally(serveWaiters);
    }
  }

  return {
    get size() {
      return size();
    },
    async acquire(signal, isQuick) {
      if (closed) throw stoppingError();
      if (hasRoom(isQuick)) return takeIdle(isQuick) ?? startWorker(isQuick).finally(serveWaiters);
      if (line.length < config.maxQueued) return line.join(isQuick, signal);
      throw new AppError('PARSER_BUSY', 'unavailable', `${line.length} files already wait to be read.`);
    },
    release(worker) {
      const { child, jobs, busyMs } = worker;
      const isWorn = jobs >= config.maxJobs || busyMs > maxBusyMs || isLarge(child, config.maxMemoryMegabytes);
      busy.delete(worker);
      if (closed || isWorn || !child.isAlive()) child.kill(stoppingError());
      else idle.keep(worker);
      serveWaiters();
    },
    async close() {
      closed = true;
      line.refuse(stoppingError());
      const children = [...busy, ...idle.takeAll()].map(({ child }) => child);
      for (const child of children) child.kill(stoppingError());
      await Promise.all(children.map(({ exited }) => exited));
    },
  };
}

function isLarge({ pid }: Child, maxMemoryMegabytes: number): boolean {
  const megabytes = pid === undefined ? undefined : residentMegabytes(pid);
  return (megabytes ?? 0) > maxMemoryMegabytes * retireMemoryShare;
}
