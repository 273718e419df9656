/** Sources and what is known at each; the tables are those of the module's migrations. */
import { type Generated, sql } from 'kysely';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string };

export type SourceTables = {
  ingestion_sources: Tenant & {
    id: string;
    kind: string;
    name: string;
    collection_id: string | null;
    settings: Record<string, unknown>;
    state: Generated<'active' | 'paused' | 'deleted'>;
    cursor: unknown;
    known_documents: number | null;
    failures_in_a_row: Generated<number>;
    failure_code: string | null;
    failure_message: string | null;
    last_synced_at: Date | null;
    next_sync_at: Date | null;
    sync_task_id: string | null;
    sync_attempt: Generated<number>;
    sync_requests: Generated<number>;
    full_sync_requested: Generated<boolean>;
    sync_is_kept: Generated<boolean>;
    sync_touched_at: Date | null;
    removed_at: Date | null;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  ingestion_tasks: Tenant & { id: string; source_id: string; kind: string };
  ingestion_items: Tenant & {
    source_id: string;
    external_id: string;
    change: 'upsert' | 'delete';
    fingerprint: string | null;
  };
};

export type SourceTransaction = Transaction<SourceTables>;
export type SourceRow = Awaited<ReturnType<typeof findSource>> & object;
export type SourcePatch = Partial<Omit<SourceRow, 'id' | 'organization_id' | 'kind'>>;

/** Throws what PostgreSQL throws for a name that is taken or a collection that does not exist. */
export function insertSource(
  transaction: SourceTransaction,
  source: { organizationId: string; id: string; kind: string; name: string; collectionId: string | undefined } & {
    settings: Record<string, unknown>;
    isLookedAt: boolean;
  },
) {
  return transaction
    .insertInto('ingestion_sources')
    .values({
      organization_id: source.organizationId,
      id: source.id,
      kind: source.kind,
      name: source.name,
      collection_id: source.collectionId ?? null,
      settings: source.settings,
      next_sync_at: source.isLookedAt ? sql<Date>`now()` : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export function findSource(transaction: SourceTransaction, sourceId: string) {
  return transaction
    .selectFrom('ingestion_sources')
    .selectAll()
    .where('id', '=', sourceId)
    .where('state', '<>', 'deleted')
    .executeTakeFirst();
}

/** Holds the row until the transaction ends, also that of a removed source. */
export function lockSource(transaction: SourceTransaction, sourceId: string) {
  return transaction
    .selectFrom('ingestion_sources')
    .selectAll()
    .where('id', '=', sourceId)
    .forUpdate()
    .executeTakeFirst();
}

/** Newest first, without what was removed. */
export function listSourceRows(
  transaction: SourceTransaction,
  page: { kind: string | undefined; afterId: string | undefined; limit: number },
) {
  let query = transaction
    .selectFrom('ingestion_sources')
    .selectAll()
    .where('state', '<>', 'deleted')
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.kind !== undefined) query = query.where('kind', '=', page.kind);
  if (page.afterId !== undefined) query = query.where('id', '<', page.afterId);
  return query.execute();
}

export function changeSource(transaction: SourceTransaction, sourceId: string, patch: SourcePatch) {
  return transaction
    .updateTable('ingestion_sources')
    .set({ ...patch, updated_at: sql<Date>`now()` })
    .where('id', '=', sourceId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export type SourceCounts = { known: number; searchable: number; failed: number; pending: number };

/** What is known of each source. `searchable`: some version of the document is in the corpus. */
export async function countItems(
  transaction: SourceTransaction,
  sourceIds: readonly string[],
): Promise<Map<string, SourceCounts>> {
  const { rows } = await sql<SourceCounts & { sourceId: string }>`
    select source_id as "sourceId", count(*)::integer as known, count(document_id)::integer as searchable,
      count(*) filter (where state = 'failed')::integer as failed,
      count(*) filter (where state in ('pending', 'processing'))::integer as pending
    from ingestion_items where source_id = any(${sourceIds}::uuid[]) and change = 'upsert'
    group by source_id`.execute(transaction);
  return new Map(rows.map(({ sourceId, ...counts }) => [sourceId, counts]));
}

/** In the byte order of the external ids, whatever the database's own order is. */
export async function listKnownRows(
  transaction: SourceTransaction,
  page: { sourceId: string; after: string | undefined; limit: number },
): Promise<{ externalId: string; fingerprint: string | null }[]> {
  const { rows } = await sql<{ externalId: string; fingerprint: string | null }>`
    select external_id as "externalId", fingerprint from ingestion_items
    where source_id = ${page.sourceId} and change = 'upsert' and external_id collate "C" > ${page.after ?? ''}
    order by external_id collate "C" limit ${page.limit}`.execute(transaction);
  return rows;
}

/** After the acceptance: a fingerprint that is lost by a crash in between only means that the document is told again. */
export async function writeFingerprints(
  transaction: SourceTransaction,
  sourceId: string,
  documents: readonly { externalId: string; fingerprint: string }[],
): Promise<void> {
  await sql`
    update ingestion_items as item set fingerprint = told.fingerprint
    from unnest(${documents.map((one) => one.externalId)}::text[], ${documents.map((one) => one.fingerprint)}::text[])
      as told (external_id, fingerprint)
    where item.source_id = ${sourceId} and item.external_id = told.external_id and item.change = 'upsert'
      -- For the index of the known documents, which is in this order.
      and item.external_id collate "C" = told.external_id collate "C"`.execute(transaction);
}

/** Open: whoever does the work seals it. */
export async function insertSourceTask(
  transaction: SourceTransaction,
  {
    organizationId,
    id,
    sourceId,
    kind,
  }: { organizationId: string; id: string; sourceId: string } & {
    kind: 'sync' | 'removal';
  },
): Promise<void> {
  await transaction
    .insertInto('ingestion_tasks')
    .values({ organization_id: organizationId, id, source_id: sourceId, kind })
    .execute();
}

/** For a look that nobody asked for and that found nothing; only a task without documents goes. */
export async function deleteEmptyTask(transaction: SourceTransaction, taskId: string): Promise<void> {
  await sql`
    delete from ingestion_tasks where id = ${taskId}
      and not exists (select from ingestion_items where task_id = ${taskId})`.execute(transaction);
}

/** Takes the look at a source over: every earlier holder fails from now on. Undefined when nobody is to look. */
export function claimSync(transaction: SourceTransaction, sourceId: string) {
  return transaction
    .updateTable('ingestion_sources')
    .set({ sync_attempt: sql<number>`sync_attempt + 1`, sync_touched_at: sql<Date>`now()` })
    .where('id', '=', sourceId)
    .where('sync_task_id', 'is not', null)
    .returningAll()
    .executeTakeFirst();
}

/** True while this attempt holds the look and the source is active. `seen` is written in the same statement. */
export async function touchSync(
  transaction: SourceTransaction,
  holder: { sourceId: string; attempt: number },
  seen: Pick<SourcePatch, 'cursor' | 'known_documents' | 'failure_code' | 'failure_message'> = {},
): Promise<boolean> {
  const { cursor, ...rest } = seen;
  const written = cursor === undefined ? rest : { ...rest, cursor: sql`${JSON.stringify(cursor)}::jsonb` };
  const result = await transaction
    .updateTable('ingestion_sources')
    .set({ ...written, sync_touched_at: sql<Date>`now()` })
    .where('id', '=', holder.sourceId)
    .where('sync_attempt', '=', holder.attempt)
    .where('state', '=', 'active')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Lets the look end. Undefined when it is another's by now, or when it was asked for again since `requests`. One that was
 * cut short says nothing about the source, and a full one is still asked for.
 */
export async function endSync(
  transaction: SourceTransaction,
  holder: { sourceId: string; attempt: number; requests: number | undefined },
  end: {
    failure?: { code: string; message: string } | undefined;
    isCutShort?: boolean;
    nextInSeconds: number | undefined;
  },
): Promise<{ wasKept: boolean } | undefined> {
  const { failure, isCutShort = false, nextInSeconds = null } = end;
  const hasWorked = failure === undefined && !isCutShort;
  const { rows } = await sql<{ wasKept: boolean }>`
    update ingestion_sources as source set
      sync_task_id = null, full_sync_requested = source.full_sync_requested and ${isCutShort}, sync_is_kept = false,
      next_sync_at = now() + make_interval(secs => ${nextInSeconds}),
      failures_in_a_row = case when ${hasWorked} then 0 when ${isCutShort} then source.failures_in_a_row
        else source.failures_in_a_row + 1 end,
      last_synced_at = case when ${hasWorked} then now() else source.last_synced_at end,
      failure_code = coalesce(${failure?.code ?? null}, source.failure_code),
      failure_message = coalesce(${failure?.message ?? null}, source.failure_message)
    from (select id, sync_is_kept from ingestion_sources where id = ${holder.sourceId} for update) as before
    where source.id = before.id and source.sync_attempt = ${holder.attempt}
      and source.sync_requests = coalesce(${holder.requests ?? null}, source.sync_requests)
    returning before.sync_is_kept as "wasKept"`.execute(transaction);
  return rows[0];
}

export type DueSource = { organizationId: string; id: string };

/** Run as the system login: whose time has come, and whose look has been silent for too long. */
export async function listDueSources(
  transaction: SourceTransaction,
  { staleSeconds, limit }: { staleSeconds: number; limit: number },
): Promise<DueSource[]> {
  const { rows } = await sql<DueSource>`
    select organization_id as "organizationId", id from ingestion_sources
    where state = 'active' and next_sync_at <= now()
      and (sync_task_id is null or sync_touched_at < now() - make_interval(secs => ${staleSeconds}))
    order by next_sync_at limit ${limit}`.execute(transaction);
  return rows;
}

/** Run as the system login: every source of these kinds that is looked at. */
export async function listActiveSources(
  transaction: SourceTransaction,
  { kinds, limit }: { kinds: readonly string[]; limit: number },
): Promise<(DueSource & { kind: string; settings: Record<string, unknown> })[]> {
  const { rows } = await sql<DueSource & { kind: string; settings: Record<string, unknown> }>`
    select organization_id as "organizationId", id, kind, settings from ingestion_sources
    where state = 'active' and kind = any(${kinds}) order by id limit ${limit}`.execute(transaction);
  return rows;
}

/** Run as the system login: removed sources whose remains may be looked at again, oldest first. */
export async function listRemovedSources(
  transaction: SourceTransaction,
  { restSeconds, limit }: { restSeconds: number; limit: number },
): Promise<DueSource[]> {
  const { rows } = await sql<DueSource>`
    select organization_id as "organizationId", id from ingestion_sources
    where state = 'deleted' and updated_at < now() - make_interval(secs => ${restSeconds})
    order by updated_at limit ${limit}`.execute(transaction);
  return rows;
}

/** The tombstone with its items and tasks, when nothing of the source is left and it is older than `keepDays`. */
export async function deleteTombstone(
  transaction: SourceTransaction,
  sourceId: string,
  keepDays: number,
): Promise<void> {
  await sql`
    delete from ingestion_sources where id = ${sourceId} and state = 'deleted'
      and removed_at < now() - make_interval(days => ${keepDays})
      and not exists (select from ingestion_items
        where source_id = ${sourceId} and (change = 'upsert' or state <> 'deleted'))`.execute(transaction);
}
