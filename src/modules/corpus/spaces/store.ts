/** Embedding spaces of collections, and vectors by what was embedded. */
import { sql } from 'kysely';
import type { CorpusTransaction } from '../store.ts';

export type CollectionSpaces = { liveSpaceId: string | null; buildingSpaceId: string | null };

/** The spaces of a collection; `lock` holds its writers off until the commit. */
export async function readSpaces(
  transaction: CorpusTransaction,
  collectionId: string,
  lock: 'lock' | 'look',
): Promise<CollectionSpaces | undefined> {
  const { rows } = await sql<CollectionSpaces>`
    select live_space_id as "liveSpaceId", building_space_id as "buildingSpaceId"
    from corpus_collections where id = ${collectionId}
    ${lock === 'lock' ? sql`for no key update` : sql``}`.execute(transaction);
  return rows[0];
}

export async function writeSpaces(
  transaction: CorpusTransaction,
  collectionId: string,
  { liveSpaceId, buildingSpaceId }: CollectionSpaces,
): Promise<void> {
  await sql`
    update corpus_collections
    set live_space_id = ${liveSpaceId}::uuid, building_space_id = ${buildingSpaceId}::uuid, updated_at = now()
    where id = ${collectionId}`.execute(transaction);
}

/** Collections that are not searched in this space, or are being prepared for another. */
export async function findCollectionsOutside(transaction: CorpusTransaction, spaceId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from corpus_collections
    where (live_space_id is not null and live_space_id <> ${spaceId}) or building_space_id is not null
    order by id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** What is embedded of a chunk is made of these. */
export type UnembeddedChunk = {
  chunkId: string;
  documentId: string;
  title: string;
  headingPath: string[];
  text: string;
};

/** Chunks of the collection without a vector in the space, in the order of their ids. */
export async function readUnembeddedChunks(
  transaction: CorpusTransaction,
  query: { collectionId: string; spaceId: string; afterChunkId: string | undefined; limit: number },
): Promise<UnembeddedChunk[]> {
  const isAfter = query.afterChunkId === undefined ? sql`true` : sql`chunk.id > ${query.afterChunkId}::uuid`;
  const { rows } = await sql<UnembeddedChunk>`
    select chunk.id as "chunkId", document.id as "documentId", document.title, chunk.heading_path as "headingPath",
      chunk.text
    from corpus_chunks as chunk
    join corpus_documents as document
      on document.organization_id = chunk.organization_id and document.id = chunk.document_id
    where document.collection_id = ${query.collectionId} and ${isAfter} and not exists (
      select from corpus_embeddings as embedding
      where embedding.organization_id = chunk.organization_id and embedding.chunk_id = chunk.id
        and embedding.space_id = ${query.spaceId})
    order by chunk.id limit ${query.limit}`.execute(transaction);
  return rows;
}

export type VectorRow = { chunkId: string; vector: Buffer; textHash: string | undefined };

/** Stores vectors of those chunks that are still in the collection; gives the documents that got one. */
export async function insertVectors(
  transaction: CorpusTransaction,
  target: { organizationId: string; collectionId: string; spaceId: string },
  vectors: readonly VectorRow[],
): Promise<string[]> {
  const { rows } = await sql<{ documentId: string }>`
    with written as (
      insert into corpus_embeddings (organization_id, chunk_id, space_id, vector, text_hash)
      select chunk.organization_id, chunk.id, ${target.spaceId}::uuid, given.vector, decode(given.text_hash, 'hex')
      from unnest(
        ${vectors.map(({ chunkId }) => chunkId)}::uuid[], ${vectors.map(({ vector }) => vector)}::bytea[],
        ${vectors.map(({ textHash }) => textHash ?? null)}::text[]
      ) as given (chunk_id, vector, text_hash)
      join corpus_chunks as chunk on chunk.organization_id = ${target.organizationId} and chunk.id = given.chunk_id
      join corpus_documents as document
        on document.organization_id = chunk.organization_id and document.id = chunk.document_id
      where document.collection_id = ${target.collectionId}
      on conflict do nothing
      returning chunk_id
    )
    select distinct chunk.document_id as "documentId"
    from written join corpus_chunks as chunk on chunk.organization_id = ${target.organizationId} and chunk.id = chunk_id`.execute(
    transaction,
  );
  return rows.map(({ documentId }) => documentId);
}

/** Deletes at most `limit` vectors of the collection in other spaces than these; gives how many went. */
export async function deleteVectorsOutside(
  transaction: CorpusTransaction,
  query: { collectionId: string; spaceIds: readonly string[]; limit: number },
): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from corpus_embeddings where (organization_id, chunk_id, space_id) in (
      select embedding.organization_id, embedding.chunk_id, embedding.space_id
      from corpus_documents as document
      join corpus_chunks as chunk
        on chunk.organization_id = document.organization_id and chunk.document_id = document.id
      join corpus_embeddings as embedding
        on embedding.organization_id = chunk.organization_id and embedding.chunk_id = chunk.id
      where document.collection_id = ${query.collectionId} and embedding.space_id <> all(${query.spaceIds}::uuid[])
      limit ${query.limit})`.execute(transaction);
  return Number(numAffectedRows ?? 0n);
}

/** A vector for each text that was embedded in the space, whatever chunk it belongs to. */
export async function findVectorRows(
  transaction: CorpusTransaction,
  query: { organizationId: string; spaceId: string; textHashes: readonly string[] },
): Promise<{ textHash: string; vector: Buffer }[]> {
  const { rows } = await sql<{ textHash: string; vector: Buffer }>`
    select wanted.hash as "textHash", found.vector
    from unnest(${query.textHashes}::text[]) as wanted (hash)
    cross join lateral (
      select vector from corpus_embeddings
      where organization_id = ${query.organizationId} and space_id = ${query.spaceId}
        and text_hash is not null and text_hash = decode(wanted.hash, 'hex')
      limit 1
    ) as found`.execute(transaction);
  return rows;
}

/** Tells the followers that the collection is searched in another space from here on. */
export async function recordSpaceChange(
  transaction: CorpusTransaction,
  change: { organizationId: string; id: string; collectionId: string },
): Promise<{ xid: string; id: string }> {
  const { rows } = await sql<{ xid: string; id: string }>`
    insert into corpus_changes (organization_id, id, collection_id, kind)
    values (${change.organizationId}, ${change.id}, ${change.collectionId}, 'space')
    returning xid, id`.execute(transaction);
  return rows[0] ?? { xid: '0', id: change.id };
}
