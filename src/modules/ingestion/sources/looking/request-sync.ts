/** Asking for a look at a source: one task and one job at a time, however many ask. */
import { AppError } from '#platform/errors.ts';
import { uploadsKind } from '../corpus-external-id.ts';
import { sourceErrors } from '../errors.ts';
import type { SourcesDependencies } from '../service.ts';
import { changeSource, insertSourceTask, lockSource, type SourceTransaction } from '../store.ts';

export const syncQueue = 'ingestion.sync';

export type SyncRequest = {
  organizationId: string;
  sourceId: string;
  full: boolean;
  /** True when somebody waits for the task: it stays although nothing is found. */
  isKept: boolean;
};

type Dependencies = Pick<SourcesDependencies, 'jobs' | 'ids' | 'clock' | 'config'>;

/** A look that is under way is told to look once more; one that has been silent for too long is given to another worker. */
export async function requestSync(
  transaction: SourceTransaction,
  { jobs, ids, clock, config }: Dependencies,
  { organizationId, sourceId, full, isKept }: SyncRequest,
): Promise<{ taskId: string }> {
  const source = await lockSource(transaction, sourceId);
  if (source === undefined || source.state === 'deleted') throw sourceNotFound();
  if (source.state === 'paused') throw new AppError('SOURCE_PAUSED', 'conflict', sourceErrors.SOURCE_PAUSED);
  const silentMs = clock.now().getTime() - (source.sync_touched_at?.getTime() ?? 0);
  const isUnderWay = source.sync_task_id !== null && silentMs < config.staleSyncSeconds * 1000;
  const taskId = source.sync_task_id ?? ids.next();
  if (source.sync_task_id === null) {
    await insertSourceTask(transaction, { organizationId, id: taskId, sourceId, kind: 'sync' });
  }
  await changeSource(transaction, sourceId, {
    sync_task_id: taskId,
    sync_requests: source.sync_requests + 1,
    full_sync_requested: source.full_sync_requested || full,
    sync_is_kept: source.sync_is_kept || isKept,
    ...(isUnderWay ? {} : { sync_touched_at: clock.now() }),
  });
  if (!isUnderWay) {
    const data = { source_id: sourceId, task_id: taskId };
    await jobs.send(transaction, [{ queue: syncQueue, organizationId, data, key: sourceId }]);
  }
  return { taskId };
}

/** Throws SOURCE_BUILT_IN for the source that nobody made. */
export function requireMade({ kind }: { kind: string }): void {
  if (kind === uploadsKind) throw new AppError('SOURCE_BUILT_IN', 'conflict', sourceErrors.SOURCE_BUILT_IN);
}

export const sourceNotFound = (): AppError =>
  new AppError('SOURCE_NOT_FOUND', 'not-found', sourceErrors.SOURCE_NOT_FOUND);
