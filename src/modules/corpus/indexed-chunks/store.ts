/** Reading chunks as the indexes need them. */
import { sql } from 'kysely';
import type { CorpusTransaction } from '../store.ts';

/** What the index needs of one chunk. */
export type IndexedChunk = {
  chunkId: string;
  documentId: string;
  title: string;
  headingPath: string[];
  text: string;
  vector: Buffer | null;
};

/**
 * Title and vector by subquery, not by join: while tables grow fast the planner has no statistics yet and would join by
 * reading all titles and vectors of the organization for every document that changed.
 */
const chunkColumns = (spaceId: string | undefined) => sql`
  chunk.id as "chunkId", chunk.document_id as "documentId", chunk.heading_path as "headingPath", chunk.text,
  (select title from corpus_documents as document
    where document.organization_id = chunk.organization_id and document.id = chunk.document_id) as title,
  (select vector from corpus_embeddings as embedding
    where embedding.organization_id = chunk.organization_id and embedding.chunk_id = chunk.id
      and embedding.space_id = ${spaceId ?? null}::uuid) as vector`;

/** A page of a collection's chunks by id, for loading its index. */
export async function readChunkPage(
  transaction: CorpusTransaction,
  page: { collectionId: string; spaceId: string | undefined; afterChunkId: string | undefined; limit: number },
): Promise<IndexedChunk[]> {
  const isAfter = page.afterChunkId === undefined ? sql`true` : sql`chunk.id > ${page.afterChunkId}::uuid`;
  const { rows } = await sql<IndexedChunk>`
    select ${chunkColumns(page.spaceId)}
    from corpus_chunks as chunk
    join corpus_documents as owner on owner.organization_id = chunk.organization_id and owner.id = chunk.document_id
    where owner.collection_id = ${page.collectionId} and ${isAfter}
    order by chunk.id limit ${page.limit}`.execute(transaction);
  return rows;
}

/** A chunk with version and size of its document, which tell when it was changed between two pages. */
export type VersionedChunk = IndexedChunk & { ordinal: number; version: string; chunkCount: number };

/** A page of the chunks of documents, by document and in their order, for following changes. */
export async function readChunksOfDocuments(
  transaction: CorpusTransaction,
  page: {
    documentIds: readonly string[];
    spaceId: string | undefined;
    after: { documentId: string; ordinal: number } | undefined;
    limit: number;
  },
): Promise<VersionedChunk[]> {
  const { after } = page;
  const isAfter =
    after === undefined
      ? sql`true`
      : sql`(chunk.document_id > ${after.documentId}::uuid or chunk.ordinal > ${after.ordinal})`;
  const wanted = page.documentIds.filter((documentId) => after === undefined || documentId >= after.documentId);
  const { rows } = await sql<VersionedChunk>`
    select ${chunkColumns(page.spaceId)}, chunk.ordinal,
      (select change_id from corpus_documents as document
        where document.organization_id = chunk.organization_id and document.id = chunk.document_id) as version,
      (select chunk_count from corpus_documents as document
        where document.organization_id = chunk.organization_id and document.id = chunk.document_id) as "chunkCount"
    from corpus_chunks as chunk
    where chunk.document_id = any(${wanted}::uuid[]) and ${isAfter}
    order by chunk.document_id, chunk.ordinal limit ${page.limit}`.execute(transaction);
  return rows;
}

/** The space in which the collection is searched; null before its first document. */
export async function readLiveSpace(
  transaction: CorpusTransaction,
  collectionId: string,
): Promise<{ liveSpaceId: string | null } | undefined> {
  const { rows } = await sql<{ liveSpaceId: string | null }>`
    select live_space_id as "liveSpaceId" from corpus_collections where id = ${collectionId}`.execute(transaction);
  return rows[0];
}
