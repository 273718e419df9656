/** Writing many documents in few statements. Whoever writes to a collection holds its row until the commit. */
import { sql } from 'kysely';
import type { CorpusTransaction } from '../store.ts';

/** A collection that is locked. */
export type LockedCollection = { id: string; name: string; liveSpaceId: string | null };

/**
 * Locks the collections, in the order of their ids, until the transaction ends: writers of one collection follow one
 * another, so what one reads of its documents no other changes, and no two can wait for each other. Readers, and
 * foreign keys to it, are not held up.
 */
export async function lockCollections(
  transaction: CorpusTransaction,
  wanted: { ids: readonly string[]; names: readonly string[] },
): Promise<LockedCollection[]> {
  const { rows } = await sql<LockedCollection>`
    select id, name, live_space_id as "liveSpaceId" from corpus_collections
    where id = any(${wanted.ids}::uuid[]) or name = any(${wanted.names}::text[])
    order by id for no key update`.execute(transaction);
  return rows;
}

/** Those of the documents that are there, by collection; nothing is locked. */
export async function findPlacesOf(
  transaction: CorpusTransaction,
  documentIds: readonly string[],
): Promise<{ collectionId: string; documentIds: string[] }[]> {
  const { rows } = await sql<{ collectionId: string; documentIds: string[] }>`
    select collection_id as "collectionId", array_agg(id) as "documentIds" from corpus_documents
    where id = any(${documentIds}::uuid[]) group by collection_id order by collection_id`.execute(transaction);
  return rows;
}

/**
 * Lets the checks of foreign keys be planned anew. A connection plans each once; made while a table was small, and used
 * until its first statistics are there, such a plan reads all of an organization's rows for each chunk.
 */
export async function forgetPlans(transaction: CorpusTransaction): Promise<void> {
  await sql`discard plans`.execute(transaction);
}

/** Until the commit, chunks may belong to documents that are not there yet. */
export async function checkChunksAtCommit(transaction: CorpusTransaction): Promise<void> {
  await sql`set constraints corpus_chunks_document_fkey deferred`.execute(transaction);
}

/** A document as it is written. */
export type DocumentRow = {
  id: string;
  collectionId: string;
  externalId: string;
  title: string;
  mediaType: string;
  contentHash: string;
  sizeBytes: number;
  text: string;
  chunkCount: number;
  pipeline: string;
  changeId: string;
  /** SHA-256 of the text, hexadecimal. */
  textHash: string;
  language: string | undefined;
  documentType: string | undefined;
  category: string | undefined;
  tags: readonly string[];
  confidence: number | undefined;
  routingHint: string | undefined;
  sourceUrl: string | undefined;
  driveUrl: string | undefined;
};

export type WrittenDocument = {
  id: string;
  collectionId: string;
  externalId: string;
  created: boolean;
  changeXid: string;
  driveUrl: string | null;
};

/** Inserts each document or takes the place of the one with its external id. No key may occur twice. */
export async function upsertDocuments(
  transaction: CorpusTransaction,
  organizationId: string,
  documents: readonly DocumentRow[],
): Promise<WrittenDocument[]> {
  const column = <Value>(pick: (document: DocumentRow) => Value) => documents.map(pick);
  const { rows } = await sql<WrittenDocument>`
    insert into corpus_documents
      (organization_id, id, collection_id, external_id, title, media_type, content_hash, size_bytes, text, characters,
       chunk_count, pipeline, change_id, text_hash, language, document_type, category, tags, classification_confidence,
       routing_hint, source_url, drive_url)
    select ${organizationId}::uuid, id, collection_id, external_id, title, media_type, content_hash, size_bytes, text,
      characters, chunk_count, pipeline, change_id, decode(text_hash, 'hex'), language, document_type, category,
      array(select jsonb_array_elements_text(tags)), confidence, routing_hint, source_url, drive_url
    from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ collectionId }) => collectionId)}::uuid[],
      ${column(({ externalId }) => externalId)}::text[], ${column(({ title }) => title)}::text[],
      ${column(({ mediaType }) => mediaType)}::text[], ${column(({ contentHash }) => contentHash)}::text[],
      ${column(({ sizeBytes }) => sizeBytes)}::bigint[], ${column(({ text }) => text)}::text[],
      ${column(({ text }) => text.length)}::integer[], ${column(({ chunkCount }) => chunkCount)}::integer[],
      ${column(({ pipeline }) => pipeline)}::text[], ${column(({ changeId }) => changeId)}::uuid[],
      ${column(({ textHash }) => textHash)}::text[], ${column(({ language }) => language ?? null)}::text[],
      ${column(({ documentType }) => documentType ?? null)}::text[],
      ${column(({ category }) => category ?? null)}::text[], ${column(({ tags }) => JSON.stringify(tags))}::jsonb[],
      ${column(({ confidence }) => confidence ?? null)}::real[],
      ${column(({ routingHint }) => routingHint ?? null)}::text[],
      ${column(({ sourceUrl }) => sourceUrl ?? null)}::text[], ${column(({ driveUrl }) => driveUrl ?? null)}::text[]
    ) as document (id, collection_id, external_id, title, media_type, content_hash, size_bytes, text, characters,
      chunk_count, pipeline, change_id, text_hash, language, document_type, category, tags, confidence, routing_hint,
      source_url, drive_url)
    on conflict (organization_id, collection_id, external_id) do update set
      title = excluded.title, media_type = excluded.media_type, content_hash = excluded.content_hash,
      size_bytes = excluded.size_bytes, text = excluded.text, characters = excluded.characters,
      chunk_count = excluded.chunk_count, pipeline = excluded.pipeline, change_id = excluded.change_id,
      text_hash = excluded.text_hash, language = excluded.language, document_type = excluded.document_type,
      category = excluded.category, tags = excluded.tags,
      classification_confidence = excluded.classification_confidence, routing_hint = excluded.routing_hint,
      source_url = excluded.source_url, drive_url = coalesce(excluded.drive_url, corpus_documents.drive_url),
      duplicate_of = null, duplicate_similarity = null, change_xid = pg_current_xact_id(), updated_at = now()
    returning id, collection_id as "collectionId", external_id as "externalId", xmax = 0 as created,
      change_xid as "changeXid", drive_url as "driveUrl"`.execute(transaction);
  return rows;
}

/** Deletes chunks, vectors and entities of the version before. */
export async function deleteDerived(transaction: CorpusTransaction, documentIds: readonly string[]): Promise<void> {
  await sql`
    with gone as (delete from corpus_entities where document_id = any(${documentIds}::uuid[]))
    delete from corpus_chunks where document_id = any(${documentIds}::uuid[])`.execute(transaction);
}

/** A thing that a document names, with the places where it does. */
export type EntityRow = {
  id: string;
  documentId: string;
  kind: string;
  name: string;
  normalisedName: string;
  mentions: readonly { start: number; end: number; confidence: number }[];
  mentionCount: number;
  confidence: number;
};

export async function insertEntities(
  transaction: CorpusTransaction,
  organizationId: string,
  entities: readonly EntityRow[],
): Promise<void> {
  const column = <Value>(pick: (entity: EntityRow) => Value) => entities.map(pick);
  await sql`
    insert into corpus_entities
      (organization_id, id, document_id, kind, name, normalised_name, mentions, mention_count, confidence)
    select ${organizationId}::uuid, *
    from unnest(
      ${column(({ id }) => id)}::uuid[], ${column(({ documentId }) => documentId)}::uuid[],
      ${column(({ kind }) => kind)}::text[], ${column(({ name }) => name)}::text[],
      ${column(({ normalisedName }) => normalisedName)}::text[],
      ${column(({ mentions }) => JSON.stringify(mentions))}::jsonb[],
      ${column(({ mentionCount }) => mentionCount)}::integer[], ${column(({ confidence }) => confidence)}::real[]
    )`.execute(transaction);
}

/** One chunk as it is written. `vector` is little-endian float32. */
export type ChunkRow = {
  id: string;
  documentId: string;
  ordinal: number;
  start: number;
  end: number;
  headingPath: string[];
  page: number | undefined;
  tokens: number;
  text: string;
  vector: Buffer | undefined;
  /** SHA-256 of what was embedded, hexadecimal. */
  textHash: string | undefined;
};

/** Writes chunks and their vectors, in one statement whatever their number. */
export async function insertChunks(
  transaction: CorpusTransaction,
  { organizationId, spaceId }: { organizationId: string; spaceId: string },
  chunks: readonly ChunkRow[],
): Promise<void> {
  const column = <Value>(pick: (chunk: ChunkRow) => Value) => chunks.map(pick);
  const embedded = chunks.filter((chunk) => chunk.vector !== undefined);
  await sql`
    with written as (
      insert into corpus_chunks
        (organization_id, id, document_id, ordinal, start_offset, end_offset, heading_path, page, tokens, text)
      select ${organizationId}::uuid, *
      from unnest(
        ${column((chunk) => chunk.id)}::uuid[], ${column((chunk) => chunk.documentId)}::uuid[],
        ${column((chunk) => chunk.ordinal)}::integer[], ${column((chunk) => chunk.start)}::integer[],
        ${column((chunk) => chunk.end)}::integer[], ${column((chunk) => JSON.stringify(chunk.headingPath))}::jsonb[],
        ${column((chunk) => chunk.page ?? null)}::integer[], ${column((chunk) => chunk.tokens)}::integer[],
        ${column((chunk) => chunk.text)}::text[]
      )
    )
    insert into corpus_embeddings (organization_id, chunk_id, space_id, vector, text_hash)
    select ${organizationId}::uuid, chunk_id, ${spaceId}::uuid, vector, decode(text_hash, 'hex')
    from unnest(${embedded.map((chunk) => chunk.id)}::uuid[], ${embedded.map((chunk) => chunk.vector)}::bytea[],
      ${embedded.map((chunk) => chunk.textHash ?? null)}::text[]) as embedding (chunk_id, vector, text_hash)`.execute(
    transaction,
  );
}

/** Deletes what is there of these documents, and tells what it was. */
export async function deleteDocumentRows(
  transaction: CorpusTransaction,
  documentIds: readonly string[],
): Promise<{ id: string; collectionId: string }[]> {
  const { rows } = await sql<{ id: string; collectionId: string }>`
    delete from corpus_documents where id = any(${documentIds}::uuid[])
    returning id, collection_id as "collectionId"`.execute(transaction);
  return rows;
}

/** A row of the change log to be. */
export type ChangeRow = { id: string; collectionId: string; documentId: string };

/** Writes rows of one kind into the change log; gives the transaction's part of their positions. */
export async function recordChanges(
  transaction: CorpusTransaction,
  { organizationId, kind }: { organizationId: string; kind: 'upsert' | 'delete' },
  changes: readonly ChangeRow[],
): Promise<string> {
  const { rows } = await sql<{ xid: string }>`
    with written as (
      insert into corpus_changes (organization_id, id, collection_id, document_id, kind)
      select ${organizationId}::uuid, id, collection_id, document_id, ${kind}
      from unnest(
        ${changes.map(({ id }) => id)}::uuid[], ${changes.map(({ collectionId }) => collectionId)}::uuid[],
        ${changes.map(({ documentId }) => documentId)}::uuid[]
      ) as change (id, collection_id, document_id)
    )
    select pg_current_xact_id() as xid`.execute(transaction);
  return rows[0]?.xid ?? '0';
}
