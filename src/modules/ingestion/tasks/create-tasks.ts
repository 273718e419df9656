/** What people wait for: how far it is, what failed and why, and another try. */
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { ingestionErrors } from '../errors.ts';
import { insertTask } from '../intake/store.ts';
import type { IngestionTables, IngestionTransaction } from '../store.ts';
import { createTaskFollower, type TaskEvent } from './follow-task.ts';
import { requeueItems } from './requeue-items.ts';
import {
  cancelTaskRows,
  type ItemFilter,
  type ItemRow,
  itemExists,
  listItemRows,
  listTaskRows,
  lockFailedItems,
  type RetriedItem,
  readNow,
  readTaskRow,
  reopenTask,
  type TaskFilter,
  type TaskRow,
} from './store.ts';

export type Page<Item> = { items: Item[]; nextCursor: string | undefined };
type PageRequest = { limit: number; cursor?: string | undefined };

export type Tasks = {
  /** Throws TASK_NOT_FOUND. */
  read(organizationId: string, taskId: string): Promise<TaskRow>;
  /** Newest first. */
  list(organizationId: string, query: TaskFilter & PageRequest): Promise<Page<TaskRow>>;
  /** Newest first. Throws TASK_NOT_FOUND when a task is given that is not there. */
  listItems(organizationId: string, query: ItemFilter & PageRequest): Promise<Page<ItemRow>>;
  /** Everything of it that failed is tried again. Throws TASK_NOT_FOUND. */
  retry(organizationId: string, taskId: string): Promise<{ taskId: string; items: number }>;
  /** Throws ITEM_NOT_FOUND, ITEM_NOT_FAILED. */
  retryItem(organizationId: string, itemId: string): Promise<{ taskId: string; itemId: string }>;
  /** What it had not begun fails with TASK_CANCELED; nothing happens to a task that has ended. Throws TASK_NOT_FOUND. */
  cancel(organizationId: string, taskId: string): Promise<TaskRow>;
  /**
   * Its progress until it ends, the present state first. However many follow one task, the database is asked once for
   * all of them. Throws TASK_NOT_FOUND.
   */
  follow(organizationId: string, taskId: string, signal: AbortSignal): AsyncIterable<TaskEvent>;
  /** The process stops: everybody who follows a task is told SERVER_STOPPING, and may come again. */
  endFollowing(): void;
};

export type TasksDependencies = {
  db: TableDatabase<IngestionTables>;
  jobs: Jobs;
  ids: Ids;
  clock: Clock;
  cursors: Cursors;
  config: IngestionConfig;
};

const taskList = 'ingestion_tasks';
const itemList = 'ingestion_items';
/** Items that one transaction gives back to work; more follow in further ones. */
const itemsPerRetry = 1000;
const mostRetryTurns = 10_000;

export function createTasks(dependencies: TasksDependencies): Tasks {
  const { db, clock, config } = dependencies;
  const read = (organizationId: string, taskId: string): Promise<TaskRow> =>
    db.inOrganization(organizationId, (transaction) => requireTask(transaction, taskId));
  const follower = createTaskFollower({ db, clock, config, read });

  return {
    read,
    ...createLists(dependencies),
    ...createRetries(dependencies),
    cancel: (organizationId, taskId) =>
      db.inOrganization(organizationId, async (transaction) => {
        const reason = { code: 'TASK_CANCELED', message: ingestionErrors.TASK_CANCELED };
        await cancelTaskRows(transaction, taskId, reason);
        return requireTask(transaction, taskId);
      }),
    follow: follower.follow,
    endFollowing: follower.end,
  };
}

function createLists({ db, cursors }: TasksDependencies): Pick<Tasks, 'list' | 'listItems'> {
  return {
    async list(organizationId, { sourceId, state, limit, cursor }) {
      const filter = { organizationId, sourceId: sourceId ?? null, state: state ?? null };
      const afterId = cursor === undefined ? undefined : cursors.read(taskList, filter, cursor).id;
      const rows = await db.inOrganization(organizationId, (transaction) =>
        listTaskRows(transaction, { sourceId, state, afterId, limit: limit + 1 }),
      );
      return toPage(rows, limit, (id) => cursors.write(taskList, filter, { sortKey: id, id }));
    },
    async listItems(organizationId, { taskId, sourceId, state, limit, cursor }) {
      const filter = { organizationId, taskId: taskId ?? null, sourceId: sourceId ?? null, state: state ?? null };
      const afterId = cursor === undefined ? undefined : cursors.read(itemList, filter, cursor).id;
      const rows = await db.inOrganization(organizationId, async (transaction) => {
        if (taskId !== undefined) await requireTask(transaction, taskId);
        return listItemRows(transaction, { taskId, sourceId, state, afterId, limit: limit + 1 });
      });
      return toPage(rows, limit, (id) => cursors.write(itemList, filter, { sortKey: id, id }));
    },
  };
}

function toPage<Row extends { id: string }>(
  rows: readonly Row[],
  limit: number,
  writeCursor: (id: string) => string,
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? writeCursor(last.id) : undefined };
}

function createRetries(dependencies: TasksDependencies): Pick<Tasks, 'retry' | 'retryItem'> {
  const { db, ids } = dependencies;

  /** They stay in their task, which goes on; one whose task is no longer known gets a new one. */
  async function requeue(transaction: IngestionTransaction, organizationId: string, items: readonly RetriedItem[]) {
    const [first] = items;
    if (first === undefined) return undefined;
    const { sourceId } = first;
    let { taskId } = first;
    if (taskId === null || !(await reopenTask(transaction, taskId))) {
      taskId = ids.next();
      await insertTask(transaction, { organizationId, id: taskId, sourceId, kind: 'retry', isSealed: true });
    }
    for (const [source, group] of Map.groupBy(items, (item) => item.sourceId)) {
      await requeueItems(transaction, { organizationId, sourceId: source, taskId }, group, dependencies);
    }
    return taskId;
  }

  return {
    async retry(organizationId, taskId) {
      let retried = 0;
      // What fails again meanwhile had its retry.
      const until = await db.inOrganization(organizationId, readNow);
      for (let turn = 0; turn < mostRetryTurns; turn += 1) {
        const count = await db.inOrganization(organizationId, async (transaction) => {
          await requireTask(transaction, taskId);
          const items = await lockFailedItems(transaction, { taskId, until, limit: itemsPerRetry });
          await requeue(transaction, organizationId, items);
          return items.length;
        });
        retried += count;
        if (count < itemsPerRetry) break;
      }
      return { taskId, items: retried };
    },
    retryItem: (organizationId, itemId) =>
      db.inOrganization(organizationId, async (transaction) => {
        const items = await lockFailedItems(transaction, { itemId, limit: 1 });
        const taskId = await requeue(transaction, organizationId, items);
        if (taskId !== undefined) return { taskId, itemId };
        if (await itemExists(transaction, itemId)) {
          throw new AppError('ITEM_NOT_FAILED', 'conflict', ingestionErrors.ITEM_NOT_FAILED);
        }
        throw new AppError('ITEM_NOT_FOUND', 'not-found', ingestionErrors.ITEM_NOT_FOUND);
      }),
  };
}

async function requireTask(transaction: IngestionTransaction, taskId: string): Promise<TaskRow> {
  const task = await readTaskRow(transaction, taskId);
  if (task === undefined) throw new AppError('TASK_NOT_FOUND', 'not-found', ingestionErrors.TASK_NOT_FOUND);
  return task;
}
