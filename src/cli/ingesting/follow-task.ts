/** Waits for a task by the stream of its progress, and for the server to come back when that breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskView } from '#modules/ingestion/contract.ts';
import { AppError, type ErrorKind, isAppError } from '#platform/errors.ts';
import type { Connection } from '../connection.ts';

/** Streams in a row that told nothing; then the server counts as gone. */
const mostSilentStreams = 6;
const defaultPauseMs = 250;

export type FollowOptions = {
  signal: AbortSignal;
  onProgress?(task: TaskView): void;
  /** Before the second stream; doubles while nothing is heard. Default 250. */
  firstPauseMs?: number;
};

/**
 * The task as it is when it has ended; undefined when `signal` ended the waiting. Only the server's own word ends it: a
 * stream that breaks is opened again, and the first event of each tells how far the task is. Throws TASK_NOT_FOUND, and
 * SERVER_UNREACHABLE when nobody answers any more.
 */
export async function followTask(
  connection: Pick<Connection, 'events'>,
  taskId: string,
  { signal, onProgress = () => undefined, firstPauseMs = defaultPauseMs }: FollowOptions,
): Promise<TaskView | undefined> {
  let silent = 0;
  while (!signal.aborted) {
    silent += 1;
    const heard = (task: TaskView) => {
      silent = 0;
      onProgress(task);
    };
    const outcome = await listen(connection, taskId, { signal, onProgress: heard });
    if (outcome.task !== undefined) return outcome.task;
    if (silent >= mostSilentStreams) throw lost(taskId, outcome.failure);
    await sleep(firstPauseMs * 2 ** silent, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

type Outcome = { task?: TaskView | undefined; failure?: unknown };

/** One stream to its end or its break. Throws what another stream would meet as well. */
async function listen(
  connection: Pick<Connection, 'events'>,
  taskId: string,
  { signal, onProgress }: Pick<Required<FollowOptions>, 'signal' | 'onProgress'>,
): Promise<Outcome> {
  try {
    for await (const { event, data } of connection.events(
      `/api/v1/tasks/${encodeURIComponent(taskId)}/events`,
      signal,
    )) {
      if (event === 'progress') onProgress(data as TaskView);
      if (event === 'done') return { task: data as TaskView };
      if (event === 'error') return { failure: data };
    }
    return {};
  } catch (failure) {
    if (signal.aborted || !isAppError(failure) || mayPass.has(failure.kind)) return { failure };
    // Another server has taken the place of the one that gave us our token.
    throw failure.kind === 'unauthenticated' ? lost(taskId, failure) : failure;
  }
}

const mayPass: ReadonlySet<ErrorKind> = new Set(['unavailable', 'timeout', 'limit', 'storage-full']);

function lost(taskId: string, cause: unknown): AppError {
  const message = `The server does not tell any more how far the task is. What it has accepted is not lost; when it runs again: ./nexus tasks follow ${taskId}`;
  return new AppError('SERVER_UNREACHABLE', 'unavailable', message, { cause, details: { task_id: taskId } });
}
