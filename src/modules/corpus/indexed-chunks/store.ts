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

/** Every chunk of the documents named, for following their changes. */
export async function readChunksOfDocuments(
  transaction: CorpusTransaction,
  query: { documentIds: string[]; spaceId: string | undefined },
): Promise<IndexedChunk[]> {
  const { rows } = await sql<IndexedChunk>`
    select ${chunkColumns(query.spaceId)}
    from corpus_chunks as chunk
    where chunk.document_id = any(${query.documentIds}::uuid[])`.execute(transaction);
  return rows;
}
