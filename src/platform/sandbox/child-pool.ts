/** Child processes for untrusted input: bounded in number, time, memory and queue; whatever happens inside, the parent lives on. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert } from '../errors.ts';
import type { Answer } from './child.ts';
import type { SandboxConfig } from './config.ts';
import { createCrew } from './crew.ts';
import type { Frame } from './frames.ts';
import { guardChild } from './guard-child.ts';
import type { Worker } from './idle-workers.ts';
import { planLaunches } from './launch-command.ts';
import { createStarter, type Isolation } from './start-strictest.ts';
import { createTogether } from './together.ts';

export type ChildPool = {
  /**
   * Has one child handle the request. Throws the child's own AppErrors, PARSER_CRASHED, PARSER_TIMEOUT, PARSER_MEMORY,
   * PARSER_REPLY, PARSER_BUSY (queue full), PARSER_UNAVAILABLE, SANDBOX_TOO_WEAK, or the signal's reason. Quick work
   * goes first and has children of its own; that of one `group` may go to a child together. Default: not quick, alone.
   */
  run(request: Frame, signal: AbortSignal, options?: { isQuick?: boolean; group?: string | undefined }): Promise<Frame>;
  /** Children alive now; 0 when nothing was asked for a while. */
  readonly children: number;
  /** What a child is isolated by here. Starts one when none has ever been started; throws as `run` does. */
  probe(signal: AbortSignal): Promise<Isolation>;
  /** Ends all children; what runs or waits fails with PARSER_UNAVAILABLE. */
  close(): Promise<void>;
};

export type ChildPoolOptions = {
  /** The module that calls `serveChild`. */
  entry: URL;
  /** Files and folders that the child needs to read: its sources and packages, nothing else. */
  readable: string[];
  config: SandboxConfig;
};

const unknownIsolation: Isolation = { strength: 0, by: [] };

/** Processor time of a child's life, in deadlines. Half of it is worked at most, so that no file is cut short by it. */
const lifetimeDeadlines = 4;

/** Throws when a path of `readable` does not exist. Starts nothing before the first request. */
export function createChildPool({ entry, readable, config }: ChildPoolOptions): ChildPool {
  const launches = planLaunches({
    nodePath: process.execPath,
    entryPath: fileURLToPath(entry),
    readable: [...new Set(readable.flatMap((path) => [path, realpathSync(path)]))],
    maxMemoryMegabytes: config.maxMemoryMegabytes,
    cpuSeconds: Math.ceil((lifetimeDeadlines * config.deadlineMs) / 1_000),
  });
  const starter = createStarter(launches, config);
  const crew = createCrew({ start: starter.next, config, maxBusyMs: (lifetimeDeadlines / 2) * config.deadlineMs });

  const work = async (worker: Worker, requests: readonly Frame[], signal: AbortSignal): Promise<Answer[]> => {
    const startedMs = performance.now();
    const endGuard = guardChild(worker.child, config, signal, requests.length);
    worker.jobs += requests.length;
    try {
      return await worker.child.exchange(requests);
    } finally {
      endGuard();
      worker.busyMs += performance.now() - startedMs;
    }
  };

  const exchange = async (requests: readonly Frame[], signal: AbortSignal, isQuick: boolean): Promise<Answer[]> => {
    const worker = await crew.acquire(signal, isQuick);
    try {
      signal.throwIfAborted();
      return await work(worker, requests, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      crew.release(worker);
    }
  };
  const together = createTogether((requests, signal) => exchange(requests, signal, true), {
    mostWaiting: config.maxQueued,
    // One child is left for those that somebody waits for.
    mostUnderWay: Math.max(1, config.size + config.quickSize - 1),
  });

  return {
    get children() {
      return crew.size;
    },
    async probe(signal) {
      if (starter.isolation() === undefined) crew.release(await crew.acquire(signal, true));
      return starter.isolation() ?? unknownIsolation;
    },
    async run(request, signal, { isQuick = false, group } = {}) {
      signal.throwIfAborted();
      if (isQuick && group !== undefined) return frameOf(await together(request, { group, signal }));
      const [answer] = await exchange([request], signal, isQuick);
      return frameOf(answer);
    },
    close: () => crew.close(),
  };
}

function frameOf(answer: Answer | undefined): Frame {
  assert(answer !== undefined, 'each request has an answer');
  if ('error' in answer) throw answer.error;
  return answer.frame;
}
