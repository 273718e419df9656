/** The periodic work of the scheduler role. Every task may run twice or in two processes without harm. */
import { sql } from 'kysely';
import type { Database } from '#platform/postgres/ports.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { App } from './build-app.ts';

export type ScheduledTask = { name: string; everyMs: number; run(signal: AbortSignal): Promise<unknown> };

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Tables partitioned by month, whose coming partitions are made ahead. */
export const partitionedTables = ['chat_messages'];

export function scheduledTasks(app: App, database: Database): ScheduledTask[] {
  const { identity, corpus, ingestion, sources, messaging, relay, idempotency } = app;
  return [
    { name: 'make the coming partitions', everyMs: 6 * hourMs, run: () => ensurePartitions(database) },
    { name: 'look at the sources that are due', everyMs: 2 * secondMs, run: sources.syncDueSources },
    { name: 'give lost work a job', everyMs: minuteMs, run: ingestion.reconcile },
    {
      name: 'bring collections into the present embedding space',
      everyMs: minuteMs,
      run: (signal) => reembed(app, signal),
    },
    { name: 'sweep the object store', everyMs: hourMs, run: ingestion.sweepBlobs },
    { name: 'forget ended tasks', everyMs: hourMs, run: ingestion.prune },
    { name: 'tidy removed sources', everyMs: hourMs, run: sources.tidyRemovedSources },
    { name: 'remove expired credentials', everyMs: hourMs, run: identity.removeExpired },
    { name: 'remove expired idempotency keys', everyMs: hourMs, run: idempotency.prune },
    { name: 'prune the outbox', everyMs: hourMs, run: relay.prune },
    { name: 'remove old deliveries', everyMs: hourMs, run: messaging.pruneDeliveries },
    { name: 'prune the change log', everyMs: 6 * hourMs, run: corpus.pruneChanges },
  ];
}

/** Goes on until every collection is searched with the present model; what is done stays when it is interrupted. */
async function reembed({ identity, corpus, ingestion }: App, signal: AbortSignal): Promise<void> {
  for (const organizationId of await identity.listOrganizationIds()) {
    for (const collectionId of await corpus.collectionsToReembed(organizationId)) {
      let isDone = false;
      while (!isDone && !signal.aborted) {
        ({ isDone } = await corpus.reembedSome(organizationId, collectionId, ingestion.embedChunks, signal));
      }
    }
  }
}

/** A home that slept for months lacks the partition of the present one: called at each opening too. */
export function ensurePartitions(database: Database): Promise<unknown> {
  return database
    .withTables<Record<string, never>>()
    .asSystem('make the coming partitions', (transaction) =>
      sql`select platform_ensure_partitions(${partitionedTables})`.execute(transaction),
    );
}

/**
 * Runs each task at once and then at its interval, but not while it still runs. A failure is logged and tried again at
 * the next turn.
 */
export function startScheduler(tasks: readonly ScheduledTask[], logger: Logger): { close(): Promise<void> } {
  const stopping = new AbortController();
  const running = new Map<ScheduledTask, Promise<void>>();

  async function runOnce(task: ScheduledTask): Promise<void> {
    try {
      await task.run(stopping.signal);
    } catch (error) {
      logger.warn('task.failed', { module: 'scheduler', task: task.name, error });
    }
  }
  function turn(task: ScheduledTask): void {
    if (stopping.signal.aborted || running.has(task)) return;
    running.set(
      task,
      runOnce(task).finally(() => running.delete(task)),
    );
  }

  const timers = tasks.map((task) => setInterval(turn, task.everyMs, task));
  for (const task of tasks) turn(task);
  return {
    async close() {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running.values());
    },
  };
}
