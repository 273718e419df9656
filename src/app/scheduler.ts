/** The periodic work of the scheduler role. Every task may run twice or in two processes without harm. */
import { sql } from 'kysely';
import { type OutboxTable, pruneEvents } from '#platform/events/index.ts';
import type { Database } from '#platform/postgres/ports.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Modules } from './modules.ts';

export type ScheduledTask = { name: string; everyMs: number; run(): Promise<unknown> };

const hourMs = 3_600_000;

/** Tables partitioned by month, whose coming partitions are made ahead. */
export const partitionedTables = ['chat_messages'];

export function scheduledTasks(modules: Modules, database: Database): ScheduledTask[] {
  return [
    { name: 'make the coming partitions', everyMs: 6 * hourMs, run: () => ensurePartitions(database) },
    { name: 'remove expired credentials', everyMs: hourMs, run: modules.identity.removeExpired },
    { name: 'prune the outbox', everyMs: hourMs, run: () => pruneOutbox(database) },
    { name: 'prune the change log', everyMs: 6 * hourMs, run: modules.corpus.pruneChanges },
  ];
}

/** A home that slept for months lacks the partition of the present one: called at each opening too. */
export function ensurePartitions(database: Database): Promise<unknown> {
  return database
    .withTables<Record<string, never>>()
    .asSystem('make the coming partitions', (transaction) =>
      sql`select platform_ensure_partitions(${partitionedTables})`.execute(transaction),
    );
}

const outboxDays = 30;
const eventsPerPrune = 10_000;

function pruneOutbox(database: Database): Promise<number> {
  return database
    .withTables<{ platform_outbox: OutboxTable }>()
    .asSystem('prune the outbox', (transaction) =>
      pruneEvents(transaction, { keepDays: outboxDays, limit: eventsPerPrune }),
    );
}

/** Runs each task at once and then at its interval. A failure is logged and tried again at the next turn. */
export function startScheduler(tasks: readonly ScheduledTask[], logger: Logger): { close(): Promise<void> } {
  let stopped = false;
  const running = new Set<Promise<void>>();

  async function runOnce(task: ScheduledTask): Promise<void> {
    try {
      await task.run();
    } catch (error) {
      logger.warn('task.failed', { module: 'scheduler', task: task.name, error });
    }
  }
  function turn(task: ScheduledTask): void {
    if (stopped) return;
    const work = runOnce(task).finally(() => running.delete(work));
    running.add(work);
  }

  const timers = tasks.map((task) => setInterval(turn, task.everyMs, task));
  for (const task of tasks) turn(task);
  return {
    async close() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      await Promise.all(running);
    },
  };
}
