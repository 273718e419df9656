import { sql } from 'kysely';
import type { IngestionTransaction, ItemState, TaskKind } from '../store.ts';

export type SourceRow = { id: string; kind: string; state: string; collectionId: string | null };

/** Keeps the source as it is until the transaction ends, so that pausing and deleting it go before or after. */
export async function lockSource(
  transaction: IngestionTransaction,
  sourceId: string,
  syncAttempt?: number,
): Promise<SourceRow | 'superseded' | undefined> {
  const fenced = syncAttempt === undefined ? sql`true` : sql`sync_attempt = ${syncAttempt}`;
  const { rows } = await sql<SourceRow & { fenced: boolean }>`
    select id, kind, state, collection_id as "collectionId", ${fenced} as fenced
    from ingestion_sources where id = ${sourceId} for share`.execute(transaction);
  const [row] = rows;
  return row?.fenced === false ? 'superseded' : row;
}

/** The organization's own source for what is sent to it without one; made when it is missing. */
export async function ensureUploadSource(
  transaction: IngestionTransaction,
  source: { organizationId: string; id: string; name: string; collectionId: string | undefined },
): Promise<void> {
  await sql`
    insert into ingestion_sources (organization_id, id, kind, name, collection_id, settings)
    values (${source.organizationId}, ${source.id}, 'uploads', ${source.name}, ${source.collectionId ?? null}, '{}')
    on conflict (organization_id, id) do nothing`.execute(transaction);
}

export async function insertTask(
  transaction: IngestionTransaction,
  task: { organizationId: string; id: string; sourceId: string; kind: TaskKind; isSealed: boolean },
): Promise<void> {
  await transaction
    .insertInto('ingestion_tasks')
    .values({
      organization_id: task.organizationId,
      id: task.id,
      source_id: task.sourceId,
      kind: task.kind,
      is_sealed: task.isSealed,
    })
    .execute();
}

export type TaskLock = { sourceId: string; state: string; isSealed: boolean; kind: TaskKind };

/** Shared, so that many may add at once and the seal waits for all of them. */
export async function lockTask(transaction: IngestionTransaction, taskId: string): Promise<TaskLock | undefined> {
  const { rows } = await sql<TaskLock>`
    select source_id as "sourceId", state, is_sealed as "isSealed", kind
    from ingestion_tasks where id = ${taskId} for share`.execute(transaction);
  return rows[0];
}

export type KnownItem = {
  id: string;
  externalId: string;
  taskId: string | null;
  batchId: string | null;
  change: 'upsert' | 'delete';
  state: ItemState;
  sourceVersion: string | null;
  blobKey: string | null;
  documentId: string | null;
};

/**
 * What is known of these names, held in the order of the names, so that two acceptances cannot wait for each other. Each by
 * a lookup of its own: of a list the planner may think that reading all of the source is as cheap.
 */
export async function lockItems(
  transaction: IngestionTransaction,
  sourceId: string,
  externalIds: readonly string[],
): Promise<KnownItem[]> {
  if (externalIds.length === 0) return [];
  const { rows } = await sql<KnownItem>`
    select found.* from (
      select distinct external_id from unnest(${externalIds}::text[]) as given (external_id) order by external_id
    ) as wanted cross join lateral (
      select id, external_id as "externalId", task_id as "taskId", batch_id as "batchId", change, state,
        source_version as "sourceVersion", blob_key as "blobKey", document_id as "documentId"
      from ingestion_items as item where item.source_id = ${sourceId} and item.external_id = wanted.external_id
      limit 1 for update
    ) as found`.execute(transaction);
  return rows;
}

/** A batch that nobody has claimed and that takes more, held; others skip it rather than wait. */
export async function takeOpenBatch(
  transaction: IngestionTransaction,
  sourceId: string,
  mostItems: number,
): Promise<{ id: string; size: number } | undefined> {
  const { rows } = await sql<{ id: string; size: number }>`
    select id, size from ingestion_batches
    where source_id = ${sourceId} and state = 'pending' and attempt = 0 and not is_alone and size < ${mostItems}
    order by id limit 1 for update skip locked`.execute(transaction);
  return rows[0];
}

export async function growBatch(transaction: IngestionTransaction, batchId: string, size: number): Promise<void> {
  await transaction.updateTable('ingestion_batches').set({ size }).where('id', '=', batchId).execute();
}

export type NewBatch = { id: string; size: number; isAlone: boolean };

export async function insertBatches(
  transaction: IngestionTransaction,
  place: { organizationId: string; sourceId: string },
  batches: readonly NewBatch[],
): Promise<void> {
  if (batches.length === 0) return;
  await transaction
    .insertInto('ingestion_batches')
    .values(
      batches.map(({ id, size, isAlone }) => ({
        organization_id: place.organizationId,
        id,
        source_id: place.sourceId,
        size,
        is_alone: isAlone,
      })),
    )
    .execute();
}

export type ItemWrite = {
  id: string;
  externalId: string;
  batchId: string;
  filename: string;
  title?: string | undefined;
  url?: string | undefined;
  sizeBytes?: number | undefined;
  version?: number | undefined;
  modifiedAt?: Date | undefined;
  blobKey?: string | undefined;
};

/**
 * Writes new items and raises the revision of known ones, in one statement. Answers how many of them were made: fewer
 * than were thought new means that somebody else has just made one.
 */
export async function upsertItems(
  transaction: IngestionTransaction,
  place: { organizationId: string; sourceId: string; taskId: string },
  items: readonly ItemWrite[],
): Promise<{ made: number }> {
  if (items.length === 0) return { made: 0 };
  const column = <Value>(pick: (item: ItemWrite) => Value) => items.map(pick);
  const { rows } = await sql<{ made: boolean }>`
    insert into ingestion_items (organization_id, id, source_id, external_id, task_id, batch_id, change, filename, title,
      url, size_bytes, source_version, modified_at, blob_key)
    select ${place.organizationId}::uuid, id, ${place.sourceId}::uuid, external_id, ${place.taskId}::uuid, batch_id,
      'upsert', filename, title, url, size_bytes, source_version, modified_at, blob_key
    from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ externalId }) => externalId)}::text[],
      ${column(({ batchId }) => batchId)}::uuid[], ${column(({ filename }) => filename)}::text[],
      ${column(({ title }) => title ?? null)}::text[], ${column(({ url }) => url ?? null)}::text[],
      ${column(({ sizeBytes }) => sizeBytes ?? null)}::bigint[], ${column(({ version }) => version ?? null)}::bigint[],
      ${column(({ modifiedAt }) => modifiedAt?.toISOString() ?? null)}::timestamptz[],
      ${column(({ blobKey }) => blobKey ?? null)}::text[]
    ) as item (id, external_id, batch_id, filename, title, url, size_bytes, source_version, modified_at, blob_key)
    on conflict (organization_id, source_id, external_id) do update set
      task_id = excluded.task_id, batch_id = excluded.batch_id, change = 'upsert',
      revision = ingestion_items.revision + 1, filename = excluded.filename, title = excluded.title, url = excluded.url,
      size_bytes = excluded.size_bytes, source_version = excluded.source_version, modified_at = excluded.modified_at,
      blob_key = excluded.blob_key, state = 'pending', stage = 'discovered', failures = 0, faults = 0, attempts = 0,
      failure_code = null, failure_message = null, outcome = null, warnings = '[]', discovered_at = now(), processed_at = null,
      updated_at = now()
    returning xmax = 0 as made`.execute(transaction);
  return { made: rows.filter(({ made }) => made).length };
}

/** Gives known items to a batch once more, as they are: for deletions, retries and reprocessing. */
export async function assignItems(
  transaction: IngestionTransaction,
  taskId: string | undefined,
  items: readonly { id: string; batchId: string; change: 'upsert' | 'delete' }[],
): Promise<void> {
  if (items.length === 0) return;
  const task = taskId === undefined ? sql`item.task_id` : sql`${taskId}::uuid`;
  await sql`
    update ingestion_items as item set
      task_id = ${task}, batch_id = given.batch_id, change = given.change, revision = item.revision + 1,
      source_version = case when given.change = 'delete' then null else item.source_version end,
      blob_key = case when given.change = 'delete' then null else item.blob_key end,
      state = 'pending', stage = 'discovered', failures = 0, faults = 0, attempts = 0, failure_code = null,
      failure_message = null, outcome = null, warnings = '[]', processed_at = null, updated_at = now()
    from unnest(
      ${items.map(({ id }) => id)}::uuid[], ${items.map(({ batchId }) => batchId)}::uuid[],
      ${items.map(({ change }) => change)}::text[]
    ) as given (id, batch_id, change)
    where item.id = given.id`.execute(transaction);
}

export type TaskTally = { taskId: string; completed: number; failed: number; deleted: number; superseded: number };

/** Remembers in their old tasks the items that a newer one took over. */
export async function tallyLeavers(transaction: IngestionTransaction, tallies: readonly TaskTally[]): Promise<void> {
  if (tallies.length === 0) return;
  const column = <Value>(pick: (tally: TaskTally) => Value) => tallies.map(pick);
  await sql`
    update ingestion_tasks as task set
      left_completed = left_completed + tally.completed, left_failed = left_failed + tally.failed,
      left_deleted = left_deleted + tally.deleted, left_superseded = left_superseded + tally.superseded
    from unnest(
      ${column(({ taskId }) => taskId)}::uuid[], ${column(({ completed }) => completed)}::integer[],
      ${column(({ failed }) => failed)}::integer[], ${column(({ deleted }) => deleted)}::integer[],
      ${column(({ superseded }) => superseded)}::integer[]
    ) as tally (id, completed, failed, deleted, superseded)
    where task.id = tally.id`.execute(transaction);
}

export async function addUnchanged(transaction: IngestionTransaction, taskId: string, unchanged: number) {
  await sql`update ingestion_tasks set unchanged = unchanged + ${unchanged} where id = ${taskId}`.execute(transaction);
}

export async function moveCursor(
  transaction: IngestionTransaction,
  sourceId: string,
  { cursor, known }: { cursor: unknown; known?: number | undefined },
): Promise<void> {
  await sql`
    update ingestion_sources set cursor = ${JSON.stringify(cursor ?? null)}::jsonb,
      known_documents = coalesce(${known ?? null}::integer, known_documents), updated_at = now()
    where id = ${sourceId}`.execute(transaction);
}

export async function sealTaskRow(
  transaction: IngestionTransaction,
  taskId: string,
  end: { unchanged: number; failure: { code: string; message: string } | undefined },
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update ingestion_tasks set is_sealed = true, unchanged = unchanged + ${end.unchanged},
      failure_code = ${end.failure?.code ?? null}, failure_message = ${end.failure?.message ?? null}
    where id = ${taskId} and not is_sealed`.execute(transaction);
  return numAffectedRows > 0n;
}

/**
 * Ends those of these tasks that are sealed and have nothing left. They are locked before they are looked through, so
 * that of two that finish at once the second one sees the work of the first.
 */
export async function endTasks(transaction: IngestionTransaction, taskIds: readonly string[]): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const locked = await sql<{ id: string }>`
    select id from ingestion_tasks where id = any(${taskIds}::uuid[]) and is_sealed and state = 'running'
    order by id for no key update`.execute(transaction);
  const ids = locked.rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const ended = await sql<{ id: string }>`
    update ingestion_tasks as task set finished_at = now(),
      state = case when failure_code is null then 'completed' else 'failed' end
    where id = any(${ids}::uuid[]) and not exists (
      select from ingestion_items as item where item.organization_id = task.organization_id
        and item.task_id = task.id and item.state in ('pending', 'processing'))
    returning id`.execute(transaction);
  return ended.rows.map(({ id }) => id);
}
