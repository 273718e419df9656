import { sql } from 'kysely';
import { assert } from '#platform/errors.ts';
import type { IngestionTransaction, ItemOutcome, ItemState } from '../store.ts';

/** A batch in one worker's hands. `attempt` is the fencing token. */
export type ClaimedBatch = {
  id: string;
  attempt: number;
  losses: number;
  size: number;
  sourceId: string;
  sourceKind: string;
  collectionId: string | undefined;
};

export type BatchItem = {
  id: string;
  externalId: string;
  change: 'upsert' | 'delete';
  revision: number;
  filename: string;
  title: string | undefined;
  url: string | undefined;
  sizeBytes: number | undefined;
  /** Bytes that were pushed with this revision. */
  blobKey: string | undefined;
  /** Bytes that the stored document was made from, when they were kept. */
  originalKey: string | undefined;
  documentId: string | undefined;
  taskId: string | undefined;
  failures: number;
  /** Of them those that were no outage. */
  faults: number;
  attempts: number;
  failureCode: string | undefined;
};

/** Undefined: the batch is done, is gone, or its source is paused. */
export async function claimBatch(
  transaction: IngestionTransaction,
  batchId: string,
): Promise<ClaimedBatch | undefined> {
  const { rows } = await sql<Omit<ClaimedBatch, 'collectionId'> & { collectionId: string | null }>`
    update ingestion_batches as batch set attempt = attempt + 1,
      losses = losses + case when batch.state = 'running' then 1 else 0 end,
      state = 'running', started_at = coalesce(started_at, now()), touched_at = now()
    from ingestion_sources as source
    where batch.id = ${batchId} and batch.state <> 'done' and source.id = batch.source_id and source.state <> 'paused'
    returning batch.id, attempt, losses, size, source.id as "sourceId", source.kind as "sourceKind",
      source.collection_id as "collectionId"`.execute(transaction);
  const [row] = rows;
  return row === undefined ? undefined : { ...row, collectionId: row.collectionId ?? undefined };
}

type ItemRow = { [Field in keyof BatchItem]: undefined extends BatchItem[Field] ? string | null : BatchItem[Field] };

/** What of the batch is not finished yet; it is in hand from now on. */
export async function takeItems(transaction: IngestionTransaction, batchId: string): Promise<BatchItem[]> {
  const { rows } = await sql<ItemRow>`
    update ingestion_items set state = 'processing', updated_at = now()
    where batch_id = ${batchId} and state in ('pending', 'processing')
    returning id, external_id as "externalId", change, revision, filename, title, url, size_bytes as "sizeBytes",
      blob_key as "blobKey", original_key as "originalKey", document_id as "documentId", task_id as "taskId", failures,
      faults, attempts, failure_code as "failureCode"`.execute(transaction);
  return rows.map((row) => ({
    ...row,
    title: row.title ?? undefined,
    url: row.url ?? undefined,
    sizeBytes: row.sizeBytes === null ? undefined : Number(row.sizeBytes),
    blobKey: row.blobKey ?? undefined,
    originalKey: row.originalKey ?? undefined,
    documentId: row.documentId ?? undefined,
    taskId: row.taskId ?? undefined,
    failureCode: row.failureCode ?? undefined,
  }));
}

export type Fence = { batchId: string; attempt: number };

/** False when another worker has taken the batch over. Holds the batch until the transaction ends. */
export async function holdsBatch(transaction: IngestionTransaction, { batchId, attempt }: Fence): Promise<boolean> {
  const { rows } = await sql`
    select from ingestion_batches where id = ${batchId} and attempt = ${attempt} and state = 'running'
    for share`.execute(transaction);
  return rows.length > 0;
}

/** Tells the reconciliation that somebody works on it. False when another worker has taken it over. */
export async function touchBatch(transaction: IngestionTransaction, { batchId, attempt }: Fence): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update ingestion_batches set touched_at = now()
    where id = ${batchId} and attempt = ${attempt} and state = 'running'`.execute(transaction);
  return numAffectedRows > 0n;
}

/** Gives an unfinished batch back, so that the next claim does not count as a loss. */
export async function handBackBatch(transaction: IngestionTransaction, { batchId, attempt }: Fence): Promise<void> {
  await sql`
    update ingestion_batches set state = 'pending', touched_at = now()
    where id = ${batchId} and attempt = ${attempt} and state = 'running'`.execute(transaction);
  await sql`
    update ingestion_items set state = 'pending' where batch_id = ${batchId} and state = 'processing' and exists (
      select from ingestion_batches where id = ${batchId} and attempt = ${attempt})`.execute(transaction);
}

/** False when something of it is still to be done, or it is somebody else's. */
export async function finishBatchRow(transaction: IngestionTransaction, { batchId, attempt }: Fence): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update ingestion_batches as batch set state = 'done', finished_at = now()
    where id = ${batchId} and attempt = ${attempt} and state = 'running' and not exists (
      select from ingestion_items as item where item.organization_id = batch.organization_id
        and item.batch_id = batch.id and item.state in ('pending', 'processing'))`.execute(transaction);
  return numAffectedRows > 0n;
}

/** Which of the items a write concerns, and the revision that it is about. */
export type ItemEffect = { id: string; revision: number };

export type Completion = ItemEffect & {
  documentId: string;
  contentHash: string;
  pipeline: string;
  outcome: ItemOutcome;
  chunks: number;
  position: string;
  warnings: readonly string[];
  /** Where its original stays; undefined when it is not kept. */
  originalKey: string | undefined;
};

/** Answers the ids of the items that were completed: not those of which there is a newer revision. */
export async function completeItems(transaction: IngestionTransaction, done: readonly Completion[]): Promise<string[]> {
  if (done.length === 0) return [];
  const column = <Value>(pick: (item: Completion) => Value) => done.map(pick);
  const { rows } = await sql<{ id: string }>`
    update ingestion_items as item set state = 'completed', stage = 'indexed', document_id = done.document_id,
      content_hash = done.content_hash, pipeline = done.pipeline, outcome = done.outcome, chunks = done.chunks,
      position = done.position, warnings = done.warnings, original_key = done.original_key, blob_key = null,
      failures = 0, faults = 0, failure_code = null, failure_message = null, processed_at = now(), updated_at = now()
    from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ revision }) => revision)}::integer[],
      ${column(({ documentId }) => documentId)}::uuid[], ${column(({ contentHash }) => contentHash)}::text[],
      ${column(({ pipeline }) => pipeline)}::text[], ${column(({ outcome }) => outcome)}::text[],
      ${column(({ chunks }) => chunks)}::integer[], ${column(({ position }) => position)}::text[],
      ${column(({ warnings }) => JSON.stringify(warnings))}::jsonb[],
      ${column(({ originalKey }) => originalKey ?? null)}::text[]
    ) as done (id, revision, document_id, content_hash, pipeline, outcome, chunks, position, warnings, original_key)
    where item.id = done.id and item.revision = done.revision and item.state = 'processing'
    returning item.id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** The same for items whose document is gone from its source, where it is new when it is back. */
export async function markDeleted(transaction: IngestionTransaction, gone: readonly ItemEffect[]): Promise<string[]> {
  if (gone.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    update ingestion_items as item set state = 'deleted', change = 'delete', document_id = null, content_hash = null,
      source_version = null, blob_key = null, original_key = null, failure_code = null, failure_message = null,
      processed_at = now(), updated_at = now()
    from unnest(${gone.map(({ id }) => id)}::uuid[], ${gone.map(({ revision }) => revision)}::integer[])
      as gone (id, revision)
    where item.id = gone.id and item.revision = gone.revision and item.state = 'processing'
    returning item.id`.execute(transaction);
  return rows.map(({ id }) => id);
}

export type FailureWrite = ItemEffect & {
  /** True: nobody tries again by itself. */
  isFinal: boolean;
  /** Where it is tried again; undefined when it is final. */
  batchId: string | undefined;
  stage: string;
  failures: number;
  faults: number;
  code: string;
  message: string;
};

/** Answers the ids of the items that still are of this revision. */
export async function writeFailures(
  transaction: IngestionTransaction,
  failed: readonly FailureWrite[],
): Promise<string[]> {
  if (failed.length === 0) return [];
  const column = <Value>(pick: (item: FailureWrite) => Value) => failed.map(pick);
  const { rows } = await sql<{ id: string }>`
    update ingestion_items as item set
      state = case when failed.is_final then 'failed' else 'pending' end, batch_id = coalesce(failed.batch_id, item.batch_id),
      stage = failed.stage, failures = failed.failures, faults = failed.faults, attempts = item.attempts + 1, failure_code = failed.code,
      failure_message = failed.message, processed_at = case when failed.is_final then now() end, updated_at = now()
    from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ revision }) => revision)}::integer[],
      ${column(({ isFinal }) => isFinal)}::boolean[], ${column(({ batchId }) => batchId ?? null)}::uuid[],
      ${column(({ stage }) => stage)}::text[], ${column(({ failures }) => failures)}::integer[],
      ${column(({ faults }) => faults)}::integer[], ${column(({ code }) => code)}::text[],
      ${column(({ message }) => message)}::text[]
    ) as failed (id, revision, is_final, batch_id, stage, failures, faults, code, message)
    where item.id = failed.id and item.revision = failed.revision and item.state = 'processing'
    returning item.id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** Moves items into batches of their own, without counting a failure: the batch they are in has lost its workers. */
export async function isolateItems(
  transaction: IngestionTransaction,
  items: readonly { id: string; revision: number; batchId: string }[],
): Promise<void> {
  await sql`
    update ingestion_items as item set state = 'pending', batch_id = moved.batch_id, updated_at = now()
    from unnest(
      ${items.map(({ id }) => id)}::uuid[], ${items.map(({ revision }) => revision)}::integer[],
      ${items.map(({ batchId }) => batchId)}::uuid[]
    ) as moved (id, revision, batch_id)
    where item.id = moved.id and item.revision = moved.revision and item.state = 'processing'`.execute(transaction);
}

export type WaitedItem = {
  id: string;
  sourceId: string;
  sourceName: string;
  collectionId: string | undefined;
  externalId: string;
  filename: string;
  title: string | undefined;
  sizeBytes: number;
  documentId: string;
  contentHash: string;
  pipeline: string;
  outcome: ItemOutcome;
  chunks: number;
  position: string;
  warnings: readonly string[];
  originalKey: string | undefined;
};

export type RecordedItem = {
  id: string;
  revision: number;
  /** What stood there when the statement began; null when nothing did. */
  previousRevision: number | null;
  previousTaskId: string | null;
  previousState: ItemState | null;
  previousBlob: string | null;
  previousOriginal: string | null;
};

/**
 * Records documents that became searchable while their senders waited, in one statement. It raises their revisions, so
 * that whatever was in hand for an older one changes nothing any more. A revision that is not one more than the previous
 * one tells that somebody wrote the item in between. In the order of the items, which are of different names.
 */
export async function recordWaitedItems(
  transaction: IngestionTransaction,
  organizationId: string,
  items: readonly WaitedItem[],
): Promise<RecordedItem[]> {
  const column = <Value>(pick: (item: WaitedItem) => Value) => items.map(pick);
  const { rows } = await sql<RecordedItem & { sourceId: string; externalId: string }>`
    with given as (
      select * from unnest(
        ${column(({ id }) => id)}::uuid[], ${column(({ sourceId }) => sourceId)}::uuid[],
        ${column(({ sourceName }) => sourceName)}::text[], ${column(({ collectionId }) => collectionId ?? null)}::uuid[],
        ${column(({ externalId }) => externalId)}::text[], ${column(({ filename }) => filename)}::text[],
        ${column(({ title }) => title ?? null)}::text[], ${column(({ sizeBytes }) => sizeBytes)}::bigint[],
        ${column(({ contentHash }) => contentHash)}::text[], ${column(({ documentId }) => documentId)}::uuid[],
        ${column(({ pipeline }) => pipeline)}::text[], ${column(({ outcome }) => outcome)}::text[],
        ${column(({ chunks }) => chunks)}::integer[], ${column(({ position }) => position)}::text[],
        ${column(({ warnings }) => JSON.stringify(warnings))}::jsonb[],
        ${column(({ originalKey }) => originalKey ?? null)}::text[]
      ) as item (id, source_id, source_name, collection_id, external_id, filename, title, size_bytes, content_hash,
        document_id, pipeline, outcome, chunks, position, warnings, original_key)
    ), source as (
      insert into ingestion_sources (organization_id, id, kind, name, collection_id, settings)
      select distinct ${organizationId}::uuid, source_id, 'uploads', source_name, collection_id, '{}'::jsonb from given
      where not exists (select from ingestion_sources where id = given.source_id)
      on conflict (organization_id, id) do nothing
    ), previous as (
      -- By a lookup of its own each: while the table grows fast the planner has no statistics yet and would read all of it.
      select found.* from given cross join lateral (
        select source_id, external_id, revision, task_id, state, blob_key, original_key from ingestion_items as item
        where item.source_id = given.source_id and item.external_id = given.external_id limit 1
      ) as found
    ), written as (
      insert into ingestion_items (organization_id, id, source_id, external_id, change, filename, title, size_bytes,
        content_hash, document_id, pipeline, outcome, chunks, position, warnings, original_key, state, stage, processed_at)
      select ${organizationId}::uuid, id, source_id, external_id, 'upsert', filename, title, size_bytes, content_hash,
        document_id, pipeline, outcome, chunks, position, warnings, original_key, 'completed', 'indexed', now()
      from given order by source_id, external_id
      on conflict (organization_id, source_id, external_id) do update set
        task_id = null, batch_id = null, change = 'upsert', revision = ingestion_items.revision + 1,
        filename = excluded.filename, title = excluded.title, url = null, size_bytes = excluded.size_bytes,
        source_version = null, modified_at = null, blob_key = null, original_key = excluded.original_key,
        content_hash = excluded.content_hash,
        document_id = excluded.document_id, pipeline = excluded.pipeline, outcome = excluded.outcome,
        chunks = excluded.chunks, position = excluded.position, warnings = excluded.warnings,
        state = 'completed', stage = 'indexed', failures = 0, faults = 0, attempts = 0, failure_code = null,
        failure_message = null, processed_at = now(), updated_at = now()
      returning id, revision, source_id, external_id
    )
    select written.id, written.revision, written.source_id as "sourceId", written.external_id as "externalId",
      previous.revision as "previousRevision", previous.task_id as "previousTaskId",
      previous.state as "previousState", previous.blob_key as "previousBlob",
      previous.original_key as "previousOriginal"
    from written left join previous using (source_id, external_id)`.execute(transaction);
  const byName = new Map(rows.map((row) => [`${row.sourceId} ${row.externalId}`, row]));
  return items.map(({ sourceId, externalId }) => {
    const row = byName.get(`${sourceId} ${externalId}`);
    assert(row !== undefined, 'an upsert without a condition returns its rows');
    return row;
  });
}

export type UploadedItem = {
  id: string;
  taskId: string | null;
  state: ItemState;
  blobKey: string | null;
  documentId: string | null;
  contentHash: string | null;
  pipeline: string | null;
};

/** An item by its name, held until the transaction ends. */
export async function lockUploadedItem(
  transaction: IngestionTransaction,
  { sourceId, externalId }: { sourceId: string; externalId: string },
): Promise<UploadedItem | undefined> {
  const { rows } = await sql<UploadedItem>`
    select id, task_id as "taskId", state, blob_key as "blobKey", document_id as "documentId",
      content_hash as "contentHash", pipeline
    from ingestion_items where source_id = ${sourceId} and external_id = ${externalId} for update`.execute(transaction);
  return rows[0];
}

/** The latest version that was sent is the one that is stored: whatever is in hand of another changes nothing any more. */
export async function completeAsStored(
  transaction: IngestionTransaction,
  itemId: string,
  sent: { filename: string; title: string | undefined; sizeBytes: number; chunks: number; position: string },
): Promise<void> {
  await sql`
    update ingestion_items set state = 'completed', stage = 'indexed', change = 'upsert', revision = revision + 1,
      task_id = null, batch_id = null, filename = ${sent.filename}, title = ${sent.title ?? null}, url = null,
      size_bytes = ${sent.sizeBytes}, source_version = null, modified_at = null, blob_key = null, outcome = 'unchanged',
      chunks = ${sent.chunks}, position = ${sent.position}, warnings = '[]', failures = 0, faults = 0, attempts = 0,
      failure_code = null, failure_message = null, processed_at = now(), updated_at = now()
    where id = ${itemId}`.execute(transaction);
}

/** Tasks whose items are in the batch. */
export async function tasksOfBatch(transaction: IngestionTransaction, batchId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct task_id as id from ingestion_items where batch_id = ${batchId} and task_id is not null`.execute(
    transaction,
  );
  return rows.map(({ id }) => id);
}
