/** The worker role: takes jobs from the queues, as many as fit, and sees each to its end. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { translateError } from '../postgres/translate-error.ts';
import type { Secret } from '../secret.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Bell, createBell } from './bell.ts';
import type { QueueConfig } from './config.ts';
import { createDeliver, type Deliver } from './deliver.ts';
import { createHand } from './hand.ts';
import { type Boss, type Claimed, openBoss } from './open-boss.ts';
import type { JobQueue } from './ports.ts';
import { createQueueMetrics } from './queue-metrics.ts';
import { readDepths } from './store.ts';

export type WorkersOptions = {
  /** URL of the login nexus_system. */
  url: Secret;
  queues: readonly JobQueue[];
  config: QueueConfig;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** In [0, 1), for the waits between attempts. */
  chance(): number;
};

export type Workers = {
  /** Takes no further jobs, from now on. */
  stopFetching(): void;
  /**
   * Waits for the jobs in hand up to `drainTimeoutMs`, then tells them to stop and gives back what is not done, so that
   * another worker has it at once. A second call waits for the first.
   */
  close(): Promise<void>;
};

const depthIntervalMs = 5_000;
const warningIntervalMs = 5_000;
/** After a claim that failed. */
const longestPauseMs = 5_000;

/** Resolves when jobs are being taken. Without queues there is nothing to do and no connection is opened. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { queues, config, logger, clock } = options;
  if (queues.length === 0) return { stopFetching: () => undefined, close: async () => undefined };
  const metrics = createQueueMetrics(options.metrics);
  const bells = new Map(queues.map((queue) => [queue.name, createBell()]));
  const warn = createWarn(logger, clock);
  const boss = await openBoss({
    url: options.url,
    queues: queues.map((queue) => queue.name),
    config,
    onError: warn,
    onJobs(name) {
      for (const [queue, bell] of bells) if (name === undefined || name === queue) bell.ring();
    },
  });
  const { execute } = boss;
  const hand = createHand({ execute, intervalMs: config.heartbeatIntervalMs, onError: warn });
  const deliver = createDeliver({ execute, hand, config, clock, logger, metrics, chance: options.chance });
  const stopping = new AbortController();
  const servers = queues.map((queue) =>
    serveQueue({
      queue,
      boss,
      deliver,
      bell: bells.get(queue.name) ?? createBell(),
      config,
      warn,
      stopping: stopping.signal,
    }),
  );
  const stopDepths = watchDepths({ boss, queues, report: metrics.depths, warn });

  let closing: Promise<void> | undefined;
  const stopFetching = (): void => {
    for (const server of servers) server.stopFetching();
  };
  async function close(): Promise<void> {
    stopFetching();
    stopDepths();
    const timer = setTimeout(() => stopping.abort(stopped()), config.drainTimeoutMs);
    await Promise.all(servers.map((server) => server.idle()));
    clearTimeout(timer);
    hand.close();
    await boss.close();
  }
  return {
    stopFetching,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** An outage is met by every connection at once and by every look: it is told now and then, not each time. */
function createWarn(logger: Logger, clock: Clock): (error: unknown) => void {
  let nextMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (clock.monotonicMs() < nextMs) return;
    nextMs = clock.monotonicMs() + warningIntervalMs;
    logger.warn('queue.trouble', { module: 'queue', error: translateError(error) });
  };
}

function stopped(): AppError {
  return new AppError('JOB_STOPPED', 'unavailable', 'The worker stops; the job goes on in another one.');
}

type ServeOptions = {
  queue: JobQueue;
  boss: Boss;
  deliver: Deliver;
  bell: Bell;
  config: QueueConfig;
  warn(error: unknown): void;
  /** Tells the jobs in hand to give themselves back. */
  stopping: AbortSignal;
};

/** `idle` resolves when nothing is in hand any more; called after `stopFetching`. */
function serveQueue(options: ServeOptions): { stopFetching(): void; idle(): Promise<void> } {
  const { queue, boss, deliver, bell, config, warn, stopping } = options;
  const inHand = new Set<Promise<void>>();
  let isFetching = true;
  let failuresInARow = 0;

  function take(claimed: Claimed): void {
    const work = deliver(queue, claimed, stopping).finally(() => {
      inHand.delete(work);
      bell.ring();
    });
    inHand.add(work);
  }
  /** How long to wait for the bell before the next look. */
  async function look(): Promise<number> {
    const free = queue.concurrency - inHand.size;
    if (free <= 0) return config.pollIntervalMs;
    try {
      const claimed = await boss.claim(queue.name, free);
      failuresInARow = 0;
      for (const one of claimed) take(one);
      return config.pollIntervalMs;
    } catch (error) {
      failuresInARow += 1;
      warn(error);
      return Math.min(longestPauseMs, config.pollIntervalMs * failuresInARow);
    }
  }
  async function loop(): Promise<void> {
    while (isFetching) {
      const waitMs = await look();
      if (isFetching) await bell.wait(waitMs);
    }
  }
  const looping = loop();
  return {
    stopFetching() {
      isFetching = false;
      bell.ring();
    },
    async idle() {
      await looping;
      await Promise.all(inHand);
    },
  };
}

type DepthOptions = {
  boss: Boss;
  queues: readonly JobQueue[];
  report: ReturnType<typeof createQueueMetrics>['depths'];
  warn(error: unknown): void;
};

function watchDepths({ boss, queues, report, warn }: DepthOptions): () => void {
  const names = queues.map((queue) => queue.name);
  const read = (): void => void readDepths(boss.execute, names).then(report, warn);
  read();
  const timer = setInterval(read, depthIntervalMs);
  return () => clearInterval(timer);
}
