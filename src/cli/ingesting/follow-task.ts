/** Waits for a task and shows how far it is. Asks again and again: it works over HTTP and in this process alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { CommandContext } from '../command.ts';
import type { Connection } from '../connection.ts';

const pollMs = 250;
const pageLimit = '200';
/** More pages than any task has that a person looks at. */
const maxPages = 5000;
const secondsPerMinute = 60;

/** Undefined when `signal` ended the waiting. Throws TASK_NOT_FOUND. */
export async function followTask(
  connection: Connection,
  taskId: string,
  options: { signal: AbortSignal; onProgress?(task: TaskView): void },
): Promise<TaskView | undefined> {
  while (!options.signal.aborted) {
    const task = await readTask(connection, taskId);
    options.onProgress?.(task);
    if (task.state !== 'running') return task;
    await sleep(pollMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
  return undefined;
}

export function readTask(connection: Connection, taskId: string): Promise<TaskView> {
  return connection.call<TaskView>({ method: 'GET', path: `/api/v1/tasks/${taskId}` });
}

/** Every item of a task, or of one state only. */
export async function listTaskItems(connection: Connection, taskId: string, state?: string): Promise<ItemView[]> {
  return listAll<ItemView>(connection, `/api/v1/tasks/${taskId}/items`, { state });
}

/** Every entry of a list, page by page. */
export async function listAll<Item>(
  connection: Connection,
  path: string,
  query: Record<string, string | undefined> = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const reply = await connection.call<{ items: Item[]; next_cursor: string | null }>({
      method: 'GET',
      path,
      query: { ...query, limit: pageLimit, cursor },
    });
    items.push(...reply.items);
    if (reply.next_cursor === null) break;
    cursor = reply.next_cursor;
  }
  return items;
}

export type TaskProgress = {
  /** How many documents are known to come. */
  expect(total: number): void;
  show(task: TaskView): void;
  stop(): void;
};

/** A bar where a person watches, nothing elsewhere. */
export function startProgress({ terminal, asJson }: Pick<CommandContext, 'terminal' | 'asJson'>): TaskProgress {
  if (asJson || !terminal.isInteractive) {
    return { expect: () => undefined, show: () => undefined, stop: () => undefined };
  }
  const bar = new SingleBar({
    format: '{bar} {value}/{total} · {failed} failed · {rate}/s · {left}',
    clearOnComplete: true,
    // Else the first Ctrl-C would only stop the bar; nothing of the terminal is changed, so nothing is left behind.
    gracefulExit: false,
    linewrap: true,
  });
  let expected = 0;
  bar.start(1, 0, { failed: 0, rate: '0.0', left: '…' });
  return {
    expect(total) {
      expected = total;
    },
    show(task) {
      const { done, total } = countOf(task);
      bar.setTotal(Math.max(total, expected, 1));
      bar.update(done, {
        failed: task.counts.failed,
        rate: task.documents_per_second.toFixed(1),
        left: task.seconds_left === null ? '…' : `${toDuration(task.seconds_left)} left`,
      });
    },
    stop: () => bar.stop(),
  };
}

/** What is over of a task, and everything that is known of it. */
export function countOf({ counts }: TaskView): { done: number; total: number } {
  const { pending, processing, completed, failed, deleted, superseded } = counts;
  const done = completed + failed + deleted + superseded;
  return { done, total: done + pending + processing };
}

export function toDuration(seconds: number): string {
  const minutes = Math.floor(seconds / secondsPerMinute);
  return minutes === 0 ? `${Math.ceil(seconds)} s` : `${minutes} min ${Math.ceil(seconds % secondsPerMinute)} s`;
}
