import { type RawBuilder, sql } from 'kysely';
import type { IngestionTransaction, ItemOutcome, ItemState, TaskKind, TaskState } from '../store.ts';

export type TaskRow = {
  id: string;
  kind: TaskKind;
  sourceId: string;
  state: TaskState;
  isSealed: boolean;
  pending: number;
  processing: number;
  completed: number;
  failed: number;
  deleted: number;
  superseded: number;
  unchanged: number;
  /** Documents that ended in the last seconds, and the time that they took together. */
  recent: number;
  recentSeconds: number;
  failureCode: string | null;
  failureMessage: string | null;
  createdAt: Date;
  finishedAt: Date | null;
};

/** The rate is measured over this window, or since the task began when that is shorter. */
const windowSeconds = 15;

/** With the numbers of those rows only: to be given few of them. */
const selectTasks = (rows: RawBuilder<unknown>) => sql`
  select task.id, task.kind, task.source_id as "sourceId", task.state, task.is_sealed as "isSealed",
    coalesce(tally.pending, 0)::integer as pending, coalesce(tally.processing, 0)::integer as processing,
    (coalesce(tally.completed, 0) + left_completed)::integer as completed,
    (coalesce(tally.failed, 0) + left_failed)::integer as failed,
    (coalesce(tally.deleted, 0) + left_deleted)::integer as deleted,
    left_superseded as superseded, task.unchanged, coalesce(tally.recent, 0)::integer as recent,
    greatest(0.001, least(${windowSeconds}, extract(epoch from now() - task.created_at)))::float8 as "recentSeconds",
    task.failure_code as "failureCode", task.failure_message as "failureMessage",
    task.created_at as "createdAt", task.finished_at as "finishedAt"
  from (select * from ingestion_tasks ${rows}) as task
  left join lateral (
    select count(*) filter (where state = 'pending') as pending, count(*) filter (where state = 'processing') as processing,
      count(*) filter (where state = 'completed') as completed, count(*) filter (where state = 'failed') as failed,
      count(*) filter (where state = 'deleted') as deleted,
      count(*) filter (where processed_at > now() - make_interval(secs => ${windowSeconds})) as recent
    from ingestion_items as item where item.organization_id = task.organization_id and item.task_id = task.id
  ) as tally on true`;

export async function readTaskRow(transaction: IngestionTransaction, taskId: string): Promise<TaskRow | undefined> {
  const { rows } = await sql<TaskRow>`${selectTasks(sql`where id = ${taskId}`)}`.execute(transaction);
  return rows[0];
}

export type TaskFilter = { sourceId?: string | undefined; state?: TaskState | undefined };

/** Newest first by id, which is the order of their making. */
export async function listTaskRows(
  transaction: IngestionTransaction,
  { sourceId, state, afterId, limit }: TaskFilter & { afterId: string | undefined; limit: number },
): Promise<TaskRow[]> {
  const page = sql`
    where (${sourceId ?? null}::uuid is null or source_id = ${sourceId ?? null}::uuid)
      and (${state ?? null}::text is null or state = ${state ?? null}::text)
      and (${afterId ?? null}::uuid is null or id < ${afterId ?? null}::uuid)
    order by id desc limit ${limit}`;
  const { rows } = await sql<TaskRow>`${selectTasks(page)} order by task.id desc`.execute(transaction);
  return rows;
}

export type ItemRow = {
  id: string;
  sourceId: string;
  taskId: string | null;
  externalId: string;
  filename: string;
  title: string | null;
  url: string | null;
  sizeBytes: string | null;
  documentId: string | null;
  state: ItemState;
  stage: string;
  attempts: number;
  outcome: ItemOutcome | null;
  chunks: number | null;
  position: string | null;
  failureCode: string | null;
  failureMessage: string | null;
  warnings: string[];
  discoveredAt: Date;
  processedAt: Date | null;
};

const itemColumns = sql`id, source_id as "sourceId", task_id as "taskId", external_id as "externalId", filename, title, url,
  size_bytes as "sizeBytes", document_id as "documentId", state, stage, attempts, outcome, chunks, position, failure_code as "failureCode",
  failure_message as "failureMessage", warnings, discovered_at as "discoveredAt", processed_at as "processedAt"`;

export type ItemFilter = { taskId?: string | undefined; sourceId?: string | undefined; state?: ItemState | undefined };

export async function listItemRows(
  transaction: IngestionTransaction,
  { taskId, sourceId, state, afterId, limit }: ItemFilter & { afterId: string | undefined; limit: number },
): Promise<ItemRow[]> {
  const { rows } = await sql<ItemRow>`
    select ${itemColumns} from ingestion_items
    where (${taskId ?? null}::uuid is null or task_id = ${taskId ?? null}::uuid)
      and (${sourceId ?? null}::uuid is null or source_id = ${sourceId ?? null}::uuid)
      and (${state ?? null}::text is null or state = ${state ?? null}::text)
      and (${afterId ?? null}::uuid is null or id < ${afterId ?? null}::uuid)
    order by id desc limit ${limit}`.execute(transaction);
  return rows;
}

/** Those that failed since `since`, oldest first, for whoever watches the task. */
export async function listFailures(
  transaction: IngestionTransaction,
  { taskId, since, limit }: { taskId: string; since: Date; limit: number },
): Promise<ItemRow[]> {
  const { rows } = await sql<ItemRow>`
    select ${itemColumns} from ingestion_items
    where task_id = ${taskId} and state = 'failed' and processed_at >= ${since}
    order by processed_at, id limit ${limit}`.execute(transaction);
  return rows;
}

export type RetriedItem = {
  id: string;
  sourceId: string;
  taskId: string | null;
  change: 'upsert' | 'delete';
  sizeBytes: number | undefined;
};

/** Failed items, held: those of one task that failed up to `until`, or one by its id. */
export async function lockFailedItems(
  transaction: IngestionTransaction,
  { taskId, itemId, until, limit }: { taskId?: string; itemId?: string; until?: string; limit: number },
): Promise<RetriedItem[]> {
  const { rows } = await sql<Omit<RetriedItem, 'sizeBytes'> & { sizeBytes: string | null }>`
    select id, source_id as "sourceId", task_id as "taskId", change, size_bytes as "sizeBytes" from ingestion_items
    where state = 'failed' and (${taskId ?? null}::uuid is null or task_id = ${taskId ?? null}::uuid)
      and (${itemId ?? null}::uuid is null or id = ${itemId ?? null}::uuid)
      and (${until ?? null}::timestamptz is null or processed_at <= ${until ?? null}::timestamptz)
    order by external_id limit ${limit} for update`.execute(transaction);
  return rows.map((row) => ({ ...row, sizeBytes: row.sizeBytes === null ? undefined : Number(row.sizeBytes) }));
}

/** The time of the database, as text, which keeps its microseconds. */
export async function readNow(transaction: IngestionTransaction): Promise<string> {
  const { rows } = await sql<{ now: string }>`select clock_timestamp()::text as now`.execute(transaction);
  return rows[0]?.now ?? 'infinity';
}

export async function itemExists(transaction: IngestionTransaction, itemId: string): Promise<boolean> {
  const { rows } = await sql`select from ingestion_items where id = ${itemId}`.execute(transaction);
  return rows.length > 0;
}

/** An ended task goes on; undefined when it is no longer known. */
export async function reopenTask(transaction: IngestionTransaction, taskId: string): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update ingestion_tasks set state = 'running', finished_at = null where id = ${taskId}`.execute(transaction);
  return numAffectedRows > 0n;
}

/** What the task still had to do ends as failed, except removals: what is gone at its source must go here. */
export async function cancelTaskRows(
  transaction: IngestionTransaction,
  taskId: string,
  reason: { code: string; message: string },
): Promise<boolean> {
  const canceled = await sql`
    update ingestion_tasks set state = 'canceled', is_sealed = true, finished_at = now()
    where id = ${taskId} and state = 'running'`.execute(transaction);
  if (!canceled.numAffectedRows) return false;
  await sql`
    update ingestion_items set state = 'failed', revision = revision + 1, failure_code = ${reason.code},
      failure_message = ${reason.message}, processed_at = now(), updated_at = now()
    where task_id = ${taskId} and change = 'upsert' and state in ('pending', 'processing')`.execute(transaction);
  return true;
}

export type ReprocessedItem = {
  id: string;
  taskId: string | null;
  filename: string;
  pipeline: string;
  sizeBytes: number | undefined;
  originalKey: string | null;
};

/** Completed items of a source in the order of their ids, for a comparison with the present pipeline. */
export async function listCompletedItems(
  transaction: IngestionTransaction,
  { sourceId, afterId, limit }: { sourceId: string; afterId: string | undefined; limit: number },
): Promise<ReprocessedItem[]> {
  const { rows } = await sql<Omit<ReprocessedItem, 'sizeBytes'> & { sizeBytes: string | null }>`
    select id, task_id as "taskId", filename, pipeline, size_bytes as "sizeBytes", original_key as "originalKey" from ingestion_items
    where source_id = ${sourceId} and state = 'completed' and change = 'upsert'
      and (${afterId ?? null}::uuid is null or id > ${afterId ?? null}::uuid)
    order by id limit ${limit} for update`.execute(transaction);
  return rows.map((row) => ({ ...row, sizeBytes: row.sizeBytes === null ? undefined : Number(row.sizeBytes) }));
}

/** As the system login: batches that nobody has seen to for a while, of sources that are not paused. */
export async function findIdleBatches(
  transaction: IngestionTransaction,
  { pendingSeconds, runningSeconds, limit }: { pendingSeconds: number; runningSeconds: number; limit: number },
): Promise<{ organizationId: string; id: string }[]> {
  const { rows } = await sql<{ organizationId: string; id: string }>`
    select batch.organization_id as "organizationId", batch.id from ingestion_batches as batch
    join ingestion_sources as source on source.organization_id = batch.organization_id and source.id = batch.source_id
    where source.state <> 'paused' and (
      (batch.state = 'pending' and batch.touched_at < now() - make_interval(secs => ${pendingSeconds}))
      or (batch.state = 'running' and batch.touched_at < now() - make_interval(secs => ${runningSeconds})))
    order by batch.touched_at limit ${limit}`.execute(transaction);
  return rows;
}

export async function touchIdleBatches(
  transaction: IngestionTransaction,
  batchIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update ingestion_batches set touched_at = now()
    where id = any(${batchIds}::uuid[]) and state <> 'done' returning id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** Of a source, with those whose holder says nothing. */
export async function findPendingBatches(
  transaction: IngestionTransaction,
  { sourceId, silentSeconds, limit }: { sourceId: string; silentSeconds: number; limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ingestion_batches
    where source_id = ${sourceId} and (state = 'pending'
      or (state = 'running' and touched_at < now() - make_interval(secs => ${silentSeconds})))
    order by id limit ${limit}`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** As the system login: tasks that are not young, and open ones that are old; whether something is left of them is looked at inside. */
export async function findRunningTasks(
  transaction: IngestionTransaction,
  { sealedSeconds, openHours, limit }: { sealedSeconds: number; openHours: number; limit: number },
): Promise<{ organizationId: string; id: string; isSealed: boolean }[]> {
  const { rows } = await sql<{ organizationId: string; id: string; isSealed: boolean }>`
    select organization_id as "organizationId", id, is_sealed as "isSealed" from ingestion_tasks
    where state = 'running' and created_at < now() - case when is_sealed
      then make_interval(secs => ${sealedSeconds}) else make_interval(hours => ${openHours}) end
    order by created_at limit ${limit}`.execute(transaction);
  return rows;
}

/** Seals those of these tasks to which nobody has added for so long, and whose source nobody looks at. Answers their ids. */
export async function sealIdleTasks(
  transaction: IngestionTransaction,
  taskIds: readonly string[],
  { hours, failure }: { hours: number; failure: { code: string; message: string } },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update ingestion_tasks as task set is_sealed = true, failure_code = ${failure.code}, failure_message = ${failure.message}
    where id = any(${taskIds}::uuid[]) and not is_sealed
      and not exists (select from ingestion_items as item where item.organization_id = task.organization_id
        and item.task_id = task.id and item.discovered_at > now() - make_interval(hours => ${hours}))
      and not exists (select from ingestion_sources as source where source.organization_id = task.organization_id
        and source.sync_task_id = task.id)
    returning id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** As the system login: organizations that have ended something before the days of retention. */
export async function findOldOrganizations(
  transaction: IngestionTransaction,
  { days, limit }: { days: number; limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ organizationId: string }>`
    select distinct organization_id as "organizationId" from (
      select organization_id from ingestion_batches
      where state = 'done' and finished_at < now() - make_interval(days => 1) limit ${limit}
    ) as batches
    union
    select distinct organization_id from (
      select organization_id from ingestion_tasks
      where state <> 'running' and finished_at < now() - make_interval(days => ${days}) limit ${limit}
    ) as tasks`.execute(transaction);
  return rows.map(({ organizationId }) => organizationId);
}

/**
 * Done batches of yesterday, and tasks and removed items past their days. What a person deleted and its source still has
 * is remembered, or it would be brought in again. Answers how many rows went.
 */
export async function pruneOld(
  transaction: IngestionTransaction,
  { days, limit }: { days: number; limit: number },
): Promise<number> {
  const batches = await sql`
    delete from ingestion_batches where id in (
      select id from ingestion_batches where state = 'done' and finished_at < now() - make_interval(days => 1)
      limit ${limit})`.execute(transaction);
  const tasks = await sql`
    delete from ingestion_tasks where id in (
      select id from ingestion_tasks where state <> 'running' and finished_at < now() - make_interval(days => ${days})
      limit ${limit})`.execute(transaction);
  const items = await sql`
    delete from ingestion_items where id in (
      select id from ingestion_items
      where state = 'deleted' and change = 'delete' and processed_at < now() - make_interval(days => ${days})
      limit ${limit})`.execute(transaction);
  return [batches, tasks, items].reduce((sum, { numAffectedRows = 0n }) => sum + Number(numAffectedRows), 0);
}

/** Which of these keys some item still needs. */
export async function findUsedBlobs(transaction: IngestionTransaction, keys: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select blob_key as key from ingestion_items where blob_key = any(${keys}::text[])
    union all
    select original_key from ingestion_items where original_key = any(${keys}::text[])`.execute(transaction);
  return rows.map(({ key }) => key);
}

export type ForgottenItem = { taskId: string | null; blobKey: string | null; originalKey: string | null };

/**
 * Items of a document that a person deleted: whatever is in hand of them changes nothing any more. An item that its
 * source tells with a fingerprint stays known, so that the next look does not bring it in again; a changed one comes.
 */
export async function forgetDocument(
  transaction: IngestionTransaction,
  documentIds: readonly string[],
): Promise<ForgottenItem[]> {
  const { rows } = await sql<ForgottenItem>`
    with gone as (
      select id, task_id, blob_key, original_key from ingestion_items
      where document_id = any(${documentIds}::uuid[]) order by id for update
    )
    update ingestion_items as item set state = 'deleted', revision = item.revision + 1,
      change = case when item.fingerprint is null then 'delete' else item.change end,
      document_id = null, content_hash = null, source_version = null, blob_key = null, original_key = null,
      failure_code = null, failure_message = null, processed_at = now(), updated_at = now()
    from gone where item.id = gone.id
    returning gone.task_id as "taskId", gone.blob_key as "blobKey", gone.original_key as "originalKey"`.execute(
    transaction,
  );
  return rows;
}

/** Undefined: no item belongs to the document, or its bytes are not kept. */
export async function findOriginal(
  transaction: IngestionTransaction,
  documentId: string,
): Promise<{ key: string; filename: string } | undefined> {
  const { rows } = await sql<{ key: string; filename: string }>`
    select original_key as key, filename from ingestion_items
    where document_id = ${documentId} and original_key is not null limit 1`.execute(transaction);
  return rows[0];
}
