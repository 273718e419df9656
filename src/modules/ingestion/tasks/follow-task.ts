/** Live progress: one question to the database at a time for all who follow the same task. */
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import { waitFor } from '#platform/wait-for.ts';
import type { IngestionConfig } from '../config.ts';
import type { IngestionTables } from '../store.ts';
import { type ItemRow, listFailures, type TaskRow } from './store.ts';

export type TaskEvent =
  | { event: 'progress'; task: TaskRow }
  | { event: 'failed'; item: ItemRow }
  | { event: 'done'; task: TaskRow };

type Dependencies = {
  db: TableDatabase<IngestionTables>;
  clock: Clock;
  config: Pick<IngestionConfig, 'progressIntervalMs'>;
  read: (organizationId: string, taskId: string) => Promise<TaskRow>;
};

/** `failures`: those since then. */
type Look = { task: TaskRow; failures: ItemRow[]; since: Date };

/** Failures told in one event interval; the others come with the next, or are in the list of items. */
const failuresPerLook = 200;
/** A failure is written before it is committed, so the look goes back by more than a transaction lasts. */
const overlapMs = 15_000;

export function createTaskFollower({ db, clock, config, read }: Dependencies) {
  /** The latest look of each task that somebody follows, shared while it is fresh. */
  const looks = new Map<string, Promise<Look>>();
  const ending = new AbortController();

  async function lookAt(organizationId: string, taskId: string): Promise<Look> {
    const task = await read(organizationId, taskId);
    const since = new Date(Math.max(task.createdAt.getTime(), clock.now().getTime() - overlapMs));
    const failures =
      task.failed === 0
        ? []
        : await db.inOrganization(organizationId, (transaction) =>
            listFailures(transaction, { taskId, since, limit: failuresPerLook }),
          );
    return { task, failures, since };
  }

  function shareLook(organizationId: string, taskId: string): Promise<Look> {
    const key = `${organizationId} ${taskId}`;
    const known = looks.get(key);
    if (known !== undefined) return known;
    const look = lookAt(organizationId, taskId);
    looks.set(key, look);
    const forget = () => setTimeout(() => looks.delete(key), config.progressIntervalMs / 2).unref();
    look.then(forget, () => looks.delete(key));
    return look;
  }

  return {
    async *follow(organizationId: string, taskId: string, signal: AbortSignal): AsyncGenerator<TaskEvent> {
      const news = createNews();
      const until = AbortSignal.any([signal, ending.signal]);
      for (;;) {
        const look = await shareLook(organizationId, taskId);
        yield* news.of(look);
        if (look.task.state !== 'running') return;
        await waitFor(config.progressIntervalMs, until);
      }
    },
    /** A stop does not wait for the end of a task. */
    end: () =>
      ending.abort(new AppError('SERVER_STOPPING', 'unavailable', 'The server is stopping. The task goes on with it.')),
  };
}

/** What of a look one listener has not heard yet. */
function createNews() {
  /** Failures by when they came to be: those that no look goes back to any more are forgotten. */
  const told = new Map<string, number>();
  let last = '';
  return {
    *of({ task, failures, since }: Look): Generator<TaskEvent> {
      for (const item of failures) {
        const failure = `${item.id} ${item.processedAt?.getTime()}`;
        if (!told.has(failure)) yield { event: 'failed', item };
        told.set(failure, since.getTime());
      }
      for (const [failure, sinceMs] of told) if (sinceMs < since.getTime() - overlapMs) told.delete(failure);
      const { recent: _recent, recentSeconds: _seconds, ...counts } = task;
      const present = JSON.stringify(counts);
      if (present !== last) yield { event: 'progress', task };
      last = present;
      if (task.state !== 'running') yield { event: 'done', task };
    },
  };
}
