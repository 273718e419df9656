import { type Generated, sql } from 'kysely';
import type { OutboxTable } from '#platform/events/index.ts';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string };

export type EntityKind = 'person' | 'organization' | 'location' | 'technical' | 'concept';

/** The tables of this module, and the outbox that every module may add to. */
export type CorpusTables = {
  corpus_collections: Tenant & {
    id: string;
    name: string;
    live_space_id: Generated<string | null>;
    building_space_id: Generated<string | null>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
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
    language: string | null;
    document_type: string | null;
    category: string | null;
    tags: string[];
    classification_confidence: number | null;
    routing_hint: string | null;
    source_url: string | null;
    drive_url: string | null;
    text_hash: Buffer | null;
    duplicate_of: string | null;
    duplicate_similarity: number | null;
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
  corpus_embeddings: Tenant & { chunk_id: string; space_id: string; vector: Buffer; text_hash: Buffer | null };
  corpus_entities: Tenant & {
    id: string;
    document_id: string;
    kind: EntityKind;
    name: string;
    normalised_name: string;
    mentions: { start: number; end: number; confidence: number }[];
    mention_count: number;
    confidence: number;
  };
  corpus_signatures: Tenant & { document_id: string; signature: Buffer; bands: string[] };
  corpus_signature_bands: Tenant & { collection_id: string; hash: string; document_id: string };
  corpus_changes: Tenant & {
    id: string;
    xid: Generated<string>;
    collection_id: string;
    /** Null for `space`, which concerns the collection. */
    document_id: string | null;
    kind: 'upsert' | 'delete' | 'space';
    created_at: Generated<Date>;
  };
  platform_outbox: OutboxTable;
};

export type CorpusTransaction = Transaction<CorpusTables>;

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

/**
 * The documents with these keys, each with the place of its key in the list. Each key by a lookup of its own: while the
 * table grows fast the planner has no statistics yet and would read the whole collection.
 */
export async function findDocumentRows(
  transaction: CorpusTransaction,
  {
    keys,
    defaultCollection,
  }: { keys: readonly { collectionId: string | undefined; externalId: string }[]; defaultCollection: string },
) {
  const { rows } = await sql<FoundRow>`
    with key as materialized (
      select place, external_id,
        coalesce(collection_id, (select id from corpus_collections where name = ${defaultCollection})) as collection_id
      from unnest(${keys.map(({ collectionId }) => collectionId ?? null)}::uuid[],
        ${keys.map(({ externalId }) => externalId)}::text[]) with ordinality as given (collection_id, external_id, place)
    )
    select key.place::integer - 1 as place, found.* from key
    cross join lateral (
      select document.id as "documentId", document.title, document.content_hash as "contentHash", document.pipeline,
        document.source_url as "sourceUrl", document.chunk_count as chunks, document.change_xid, document.change_id
      from corpus_documents as document
      where document.collection_id = key.collection_id and document.external_id = key.external_id
      limit 1
    ) as found`.execute(transaction);
  return rows;
}

type FoundRow = {
  place: number;
  documentId: string;
  title: string;
  contentHash: string;
  pipeline: string;
  sourceUrl: string | null;
  chunks: number;
  change_xid: string;
  change_id: string;
};

/** Which of these collections are there. */
export async function findPresentCollections(
  transaction: CorpusTransaction,
  collectionIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from corpus_collections where id = any(${collectionIds}::uuid[])`.execute(transaction);
  return new Set(rows.map(({ id }) => id));
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
  'language',
  'document_type',
  'category',
  'tags',
  'classification_confidence',
  'routing_hint',
  'source_url',
  'drive_url',
  'duplicate_of',
  'duplicate_similarity',
  'created_at',
  'updated_at',
] as const;

export type DocumentFilter = {
  collectionId: string | undefined;
  externalId: string | undefined;
  language: string | undefined;
  type: string | undefined;
  category: string | undefined;
  tag: string | undefined;
};

/** Newest first by id, which is the order of their making. One row more than `limit` tells that there is a next page. */
export function listDocumentRows(
  transaction: CorpusTransaction,
  page: DocumentFilter & { afterId: string | undefined; limit: number },
) {
  let query = transaction.selectFrom('corpus_documents').select(listedDocument).orderBy('id', 'desc').limit(page.limit);
  if (page.collectionId !== undefined) query = query.where('collection_id', '=', page.collectionId);
  if (page.externalId !== undefined) query = query.where('external_id', '=', page.externalId);
  if (page.language !== undefined) query = query.where('language', '=', page.language);
  if (page.type !== undefined) query = query.where('document_type', '=', page.type);
  if (page.category !== undefined) query = query.where('category', '=', page.category);
  if (page.tag !== undefined) query = query.where(sql<boolean>`${page.tag} = any(tags)`);
  if (page.afterId !== undefined) query = query.where('id', '<', page.afterId);
  return query.execute();
}

export function listEntityRows(transaction: CorpusTransaction, documentId: string, limit: number) {
  return transaction
    .selectFrom('corpus_entities')
    .select(['kind', 'name', 'mention_count as mentions', 'confidence'])
    .where('document_id', '=', documentId)
    .orderBy('mention_count', 'desc')
    .orderBy('normalised_name')
    .orderBy('kind')
    .limit(limit)
    .execute();
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
