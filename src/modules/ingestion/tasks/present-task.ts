/** Tasks and items as they cross HTTP. Pure. */
import type { ItemView, TaskView } from '../contract.ts';
import type { ItemRow, TaskRow } from './store.ts';

export function presentTask(task: TaskRow): TaskView {
  const { pending, processing, completed, failed, deleted, unchanged, superseded } = task;
  const rate = rateOf(task);
  const left = pending + processing;
  const isEnding = task.state === 'running' && task.isSealed && rate > 0;
  return {
    id: task.id,
    kind: task.kind,
    source_id: task.sourceId,
    state: task.state,
    sealed: task.isSealed,
    counts: { pending, processing, completed, failed, deleted, unchanged, superseded },
    documents_per_second: Math.round(rate * 10) / 10,
    seconds_left: isEnding ? Math.ceil(left / rate) : null,
    created_at: task.createdAt.toISOString(),
    finished_at: task.finishedAt?.toISOString() ?? null,
    failure: task.failureCode === null ? null : { code: task.failureCode, message: task.failureMessage ?? '' },
  };
}

/** Lately while it runs, on the whole when it has ended. */
function rateOf({ completed, failed, deleted, recent, recentSeconds, createdAt, finishedAt }: TaskRow): number {
  if (finishedAt === null) return recent / recentSeconds;
  return (completed + failed + deleted) / Math.max(0.001, (finishedAt.getTime() - createdAt.getTime()) / 1000);
}

export function presentItem(item: ItemRow): ItemView {
  return {
    id: item.id,
    source_id: item.sourceId,
    task_id: item.taskId,
    external_id: item.externalId,
    filename: item.filename,
    title: item.title,
    url: item.url,
    size_bytes: item.sizeBytes === null ? null : Number(item.sizeBytes),
    document_id: item.documentId,
    state: item.state,
    stage: item.stage,
    attempts: item.attempts,
    outcome: item.outcome,
    chunks: item.chunks,
    position: item.position,
    failure: item.failureCode === null ? null : { code: item.failureCode, message: item.failureMessage ?? '' },
    warnings: item.warnings,
    discovered_at: item.discoveredAt.toISOString(),
    processed_at: item.processedAt?.toISOString() ?? null,
  };
}
