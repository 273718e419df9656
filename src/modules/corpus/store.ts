import { type Generated, sql } from 'kysely';
import type { OutboxTable } from '#platform/events/index.ts';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string };

/** The tables of this module, and the outbox that every module may add to. */
export type CorpusTables = {
  corpus_collections: Tenant & { id: string; name: string; created_at: Generated<Date>; updated_at: Generated<Date> };
  corpus_embedding_spaces: Tenant & {
    id: string;
    provider: string;
    model: string;
    revision: string;
    dimensions: number;
    normalised: boolean;
    created_at: Generated<Date>;
  };
  corpus_documents: Tenant & {
    id: string;
    collection_id: string;
    external_id: string;
    title: string;
    media_type: string;
    content_hash: string;
    size_bytes: number;
    text: string;
    characters: number;
    chunk_count: number;
    pipeline: string;
    change_xid: Generated<string>;
    change_id: string;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  corpus_chunks: Tenant & {
    id: string;
    document_id: string;
    ordinal: number;
    start_offset: number;
    end_offset: number;
    heading_path: string[];
    page: number | null;
    tokens: number;
    text: string;
  };
  corpus_embeddings: Tenant & { chunk_id: string; space_id: string; vector: Buffer };
  corpus_changes: Tenant & {
    id: string;
    xid: Generated<string>;
    collection_id: string;
    document_id: string;
    kind: 'upsert' | 'delete';
    created_at: Generated<Date>;
  };
  platform_outbox: OutboxTable;
};

export type CorpusTransaction = Transaction<CorpusTables>;

/** One chunk as it is written. `vector` is little-endian float32. */
export type ChunkRow = {
  id: string;
  ordinal: number;
  start: number;
  end: number;
  headingPath: string[];
  page: number | undefined;
  tokens: number;
  text: string;
  vector: Buffer | undefined;
};

/** A collection by its id, or the one of that name. */
export type CollectionReference = { id: string } | { name: string };

const isCollection = (collection: CollectionReference) =>
  'id' in collection ? sql<boolean>`id = ${collection.id}` : sql<boolean>`name = ${collection.name}`;

/** Where a document goes, as far as it is there already. One round trip, as every document asks. */
export async function findPlace(
  transaction: CorpusTransaction,
  collection: CollectionReference,
  space: SpaceIdentity,
): Promise<{ collectionId: string | null; spaceId: string | null }> {
  const { rows } = await sql<{ collectionId: string | null; spaceId: string | null }>`
    select
      (select id from corpus_collections where ${isCollection(collection)}) as "collectionId",
      (select id from corpus_embedding_spaces where provider = ${space.provider} and model = ${space.model}
        and revision = ${space.revision} and dimensions = ${space.dimensions}) as "spaceId"`.execute(transaction);
  return rows[0] ?? { collectionId: null, spaceId: null };
}

export async function ensureCollection(
  transaction: CorpusTransaction,
  collection: { organizationId: string; id: string; name: string },
): Promise<string> {
  await transaction
    .insertInto('corpus_collections')
    .values({ organization_id: collection.organizationId, id: collection.id, name: collection.name })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .execute();
  const row = await transaction
    .selectFrom('corpus_collections')
    .select('id')
    .where('name', '=', collection.name)
    .executeTakeFirst();
  // Deleted just now by somebody else: the foreign key of the document will say so.
  return row?.id ?? collection.id;
}

export type SpaceRow = Omit<CorpusTables['corpus_embedding_spaces'], 'created_at'>;
type SpaceIdentity = Pick<SpaceRow, 'provider' | 'model' | 'revision' | 'dimensions'>;

export async function ensureSpace(transaction: CorpusTransaction, space: SpaceRow): Promise<string> {
  await transaction
    .insertInto('corpus_embedding_spaces')
    .values(space)
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'provider', 'model', 'revision', 'dimensions']).doNothing(),
    )
    .execute();
  return (await findSpace(transaction, space)) ?? space.id;
}

export async function findSpace(transaction: CorpusTransaction, space: SpaceIdentity): Promise<string | undefined> {
  const row = await transaction
    .selectFrom('corpus_embedding_spaces')
    .select('id')
    .where('provider', '=', space.provider)
    .where('model', '=', space.model)
    .where('revision', '=', space.revision)
    .where('dimensions', '=', space.dimensions)
    .executeTakeFirst();
  return row?.id;
}

export function findDocumentRow(
  transaction: CorpusTransaction,
  key: { collection: CollectionReference; externalId: string },
) {
  return transaction
    .selectFrom('corpus_documents')
    .select(['id', 'content_hash', 'pipeline', 'title', 'chunk_count', 'change_xid', 'change_id'])
    .where('collection_id', '=', sql<string>`(select id from corpus_collections where ${isCollection(key.collection)})`)
    .where('external_id', '=', key.externalId)
    .executeTakeFirst();
}

/** Inserts the document or takes the place of the one with its external id. Tells which. */
export async function upsertDocument(
  transaction: CorpusTransaction,
  document: Omit<CorpusTables['corpus_documents'], 'change_xid' | 'created_at' | 'updated_at'>,
): Promise<{ id: string; created: boolean; changeXid: string }> {
  const { organization_id, id, collection_id, external_id, ...content } = document;
  return transaction
    .insertInto('corpus_documents')
    .values({ organization_id, id, collection_id, external_id, ...content })
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'collection_id', 'external_id']).doUpdateSet({
        ...content,
        change_xid: sql<string>`pg_current_xact_id()`,
        updated_at: sql<Date>`now()`,
      }),
    )
    .returning(['id', sql<boolean>`xmax = 0`.as('created'), 'change_xid as changeXid'])
    .executeTakeFirstOrThrow();
}

export async function deleteChunks(transaction: CorpusTransaction, documentId: string): Promise<void> {
  await transaction.deleteFrom('corpus_chunks').where('document_id', '=', documentId).execute();
}

/** Writes every chunk and vector of a document, in one statement whatever their number. */
export async function insertChunks(
  transaction: CorpusTransaction,
  target: { organizationId: string; documentId: string; spaceId: string },
  chunks: readonly ChunkRow[],
): Promise<void> {
  const { organizationId, documentId, spaceId } = target;
  if (chunks.length === 0) return;
  const column = <Value>(pick: (chunk: ChunkRow) => Value) => chunks.map(pick);
  const embedded = chunks.filter((chunk) => chunk.vector !== undefined);
  await sql`
    with written as (
      insert into corpus_chunks
        (organization_id, id, document_id, ordinal, start_offset, end_offset, heading_path, page, tokens, text)
      select ${organizationId}::uuid, id, ${documentId}::uuid, ordinal, start_offset, end_offset, heading_path, page, tokens, text
      from unnest(
        ${column((chunk) => chunk.id)}::uuid[], ${column((chunk) => chunk.ordinal)}::integer[],
        ${column((chunk) => chunk.start)}::integer[], ${column((chunk) => chunk.end)}::integer[],
        ${column((chunk) => JSON.stringify(chunk.headingPath))}::jsonb[], ${column((chunk) => chunk.page ?? null)}::integer[],
        ${column((chunk) => chunk.tokens)}::integer[], ${column((chunk) => chunk.text)}::text[]
      ) as chunk (id, ordinal, start_offset, end_offset, heading_path, page, tokens, text)
    )
    insert into corpus_embeddings (organization_id, chunk_id, space_id, vector)
    select ${organizationId}::uuid, chunk_id, ${spaceId}::uuid, vector
    from unnest(${embedded.map((chunk) => chunk.id)}::uuid[], ${embedded.map((chunk) => chunk.vector)}::bytea[])
      as embedding (chunk_id, vector)`.execute(transaction);
}

export async function recordChange(
  transaction: CorpusTransaction,
  change: Omit<CorpusTables['corpus_changes'], 'xid' | 'created_at'>,
): Promise<{ xid: string; id: string }> {
  return transaction.insertInto('corpus_changes').values(change).returning(['xid', 'id']).executeTakeFirstOrThrow();
}

export function readPassageRows(transaction: CorpusTransaction, chunkIds: readonly string[]) {
  return transaction
    .selectFrom('corpus_chunks as chunk')
    .innerJoin('corpus_documents as document', (join) =>
      join
        .onRef('document.organization_id', '=', 'chunk.organization_id')
        .onRef('document.id', '=', 'chunk.document_id'),
    )
    .select([
      'chunk.id as chunkId',
      'chunk.document_id as documentId',
      'document.collection_id as collectionId',
      'document.title as title',
      'chunk.heading_path as headingPath',
      'chunk.page as page',
      'chunk.text as text',
      'chunk.start_offset as start',
      'chunk.end_offset as end',
    ])
    .where('chunk.id', '=', sql<string>`any(${chunkIds}::uuid[])`)
    .execute();
}

const listedDocument = [
  'id',
  'collection_id',
  'external_id',
  'title',
  'media_type',
  'size_bytes',
  'characters',
  'chunk_count',
  'content_hash',
  'created_at',
  'updated_at',
] as const;

/** Newest first by id, which is the order of their making. One row more than `limit` tells that there is a next page. */
export function listDocumentRows(
  transaction: CorpusTransaction,
  page: {
    collectionId: string | undefined;
    externalId: string | undefined;
    afterId: string | undefined;
    limit: number;
  },
) {
  let query = transaction.selectFrom('corpus_documents').select(listedDocument).orderBy('id', 'desc').limit(page.limit);
  if (page.collectionId !== undefined) query = query.where('collection_id', '=', page.collectionId);
  if (page.externalId !== undefined) query = query.where('external_id', '=', page.externalId);
  if (page.afterId !== undefined) query = query.where('id', '<', page.afterId);
  return query.execute();
}

export function findListedDocument(transaction: CorpusTransaction, documentId: string) {
  return transaction
    .selectFrom('corpus_documents')
    .select(listedDocument)
    .where('id', '=', documentId)
    .executeTakeFirst();
}

export function readDocumentText(transaction: CorpusTransaction, documentId: string) {
  return transaction
    .selectFrom('corpus_documents')
    .select(['title', 'text', 'characters'])
    .where('id', '=', documentId)
    .executeTakeFirst();
}

export function deleteDocumentRow(transaction: CorpusTransaction, documentId: string) {
  return transaction
    .deleteFrom('corpus_documents')
    .where('id', '=', documentId)
    .returning(['collection_id'])
    .executeTakeFirst();
}

export function listCollectionRows(
  transaction: CorpusTransaction,
  page: { afterId: string | undefined; limit: number },
) {
  let query = transaction
    .selectFrom('corpus_collections as collection')
    .select((select) => [
      'collection.id',
      'collection.name',
      'collection.created_at',
      select
        .selectFrom('corpus_documents as document')
        .select(sql<string>`count(*)`.as('documents'))
        .whereRef('document.organization_id', '=', 'collection.organization_id')
        .whereRef('document.collection_id', '=', 'collection.id')
        .as('documents'),
    ])
    .orderBy('collection.id', 'desc')
    .limit(page.limit);
  if (page.afterId !== undefined) query = query.where('collection.id', '<', page.afterId);
  return query.execute();
}

export async function listCollectionIds(transaction: CorpusTransaction): Promise<string[]> {
  const rows = await transaction.selectFrom('corpus_collections').select('id').orderBy('id').execute();
  return rows.map((row) => row.id);
}

export async function collectionExists(transaction: CorpusTransaction, collectionId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('corpus_collections')
    .select('id')
    .where('id', '=', collectionId)
    .executeTakeFirst();
  return row !== undefined;
}

export function insertCollection(
  transaction: CorpusTransaction,
  collection: { organizationId: string; id: string; name: string },
) {
  return transaction
    .insertInto('corpus_collections')
    .values({ organization_id: collection.organizationId, id: collection.id, name: collection.name })
    .returning(['id', 'name', 'created_at'])
    .executeTakeFirstOrThrow();
}

export async function deleteCollectionRow(transaction: CorpusTransaction, collectionId: string): Promise<boolean> {
  const result = await transaction.deleteFrom('corpus_collections').where('id', '=', collectionId).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Deletes at most `limit` of the oldest changes; run as the system login. Returns how many rows went. */
export async function pruneChanges(
  transaction: CorpusTransaction,
  { keepDays, limit }: { keepDays: number; limit: number },
): Promise<number> {
  const result = await transaction
    .deleteFrom('corpus_changes')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('organization_id', 'id'),
        'in',
        selectFrom('corpus_changes')
          .select(['organization_id', 'id'])
          .where('created_at', '<', sql<Date>`now() - make_interval(days => ${keepDays})`)
          .orderBy('created_at')
          .limit(limit)
          .$asTuple('organization_id', 'id'),
      ),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
