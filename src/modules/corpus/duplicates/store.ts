/** Signatures, their bands, and the links from duplicates to their originals. */
import { sql } from 'kysely';
import type { CorpusTransaction } from '../store.ts';

/** A document as it is compared. */
export type ComparedRow = {
  id: string;
  /** SHA-256 of the text, hexadecimal; null for what was written before texts were compared. */
  textHash: string | null;
  characters: number;
  signature: Buffer | null;
};

/**
 * Originals that one band gives: texts that are alike and not the same, as forms are, share their bands by the thousand,
 * and each further one would cost as much as all before it.
 */
const mostOfOneBand = 200;

const comparedColumns = sql`
  document.id, encode(document.text_hash, 'hex') as "textHash", document.characters,
  (select signature from corpus_signatures as signature
    where signature.organization_id = document.organization_id and signature.document_id = document.id) as signature`;

/** Takes documents out of the lookup, as originals: their bands go. Their signatures stay. */
export async function deleteBands(
  transaction: CorpusTransaction,
  collectionId: string,
  documentIds: readonly string[],
): Promise<void> {
  await sql`
    delete from corpus_signature_bands as band
    using (
      select document_id, unnest(bands) as hash from corpus_signatures
      where document_id = any(${documentIds}::uuid[])
    ) as old
    where band.collection_id = ${collectionId} and band.hash = old.hash and band.document_id = old.document_id`.execute(
    transaction,
  );
}

/**
 * The duplicates of these originals, one for each text and the oldest of it, at most `limit`: now without a link. The
 * others keep theirs until `relinkCopies`. `except` are left alone.
 */
export async function releaseDuplicates(
  transaction: CorpusTransaction,
  query: { originalIds: readonly string[]; except: readonly string[]; limit: number },
): Promise<ComparedRow[]> {
  const { rows } = await sql<ComparedRow>`
    update corpus_documents as document set duplicate_of = null, duplicate_similarity = null
    where id in (
      select distinct on (text_hash) id from corpus_documents
      where duplicate_of = any(${query.originalIds}::uuid[]) and id <> all(${query.except}::uuid[])
      order by text_hash, id limit ${query.limit})
    returning ${comparedColumns}`.execute(transaction);
  return rows;
}

/** Links what was released by one of its text the same as that one now is; what no one stands for loses its link. */
export async function relinkCopies(
  transaction: CorpusTransaction,
  query: { originalIds: readonly string[]; settledIds: readonly string[]; goneIds: readonly string[] },
): Promise<void> {
  await sql`
    update corpus_documents as copy
    set duplicate_of = coalesce(settled.duplicate_of, settled.id),
      duplicate_similarity = case when settled.id is not null then coalesce(settled.duplicate_similarity, 1) end
    from corpus_documents as old
    left join lateral (
      select id, duplicate_of, duplicate_similarity from corpus_documents as one
      where one.organization_id = old.organization_id and one.collection_id = old.collection_id
        and one.text_hash = old.text_hash and one.id = any(${query.settledIds}::uuid[])
      order by id limit 1
    ) as settled on true
    where copy.organization_id = old.organization_id and copy.id = old.id
      and old.duplicate_of = any(${query.originalIds}::uuid[]) and old.id <> all(${query.settledIds}::uuid[])
      and old.id <> all(${query.goneIds}::uuid[])`.execute(transaction);
}

/** Writes the signatures of documents that were written; those without one lose theirs. */
export async function replaceSignatures(
  transaction: CorpusTransaction,
  organizationId: string,
  documents: readonly { id: string; signature: Buffer | undefined; bands: readonly string[] }[],
): Promise<void> {
  const signed = documents.filter(({ signature }) => signature !== undefined);
  await sql`
    with gone as (
      delete from corpus_signatures
      where document_id = any(${documents.filter(({ signature }) => signature === undefined).map(({ id }) => id)}::uuid[])
    )
    insert into corpus_signatures (organization_id, document_id, signature, bands)
    select ${organizationId}::uuid, id, signature, bands::bigint[]
    from unnest(
      ${signed.map(({ id }) => id)}::uuid[], ${signed.map(({ signature }) => signature)}::bytea[],
      ${signed.map(({ bands }) => `{${bands.join(',')}}`)}::text[]
    ) as signed (id, signature, bands)
    on conflict (organization_id, document_id) do update
      set signature = excluded.signature, bands = excluded.bands`.execute(transaction);
}

/**
 * Originals of the collection with one of these texts or a band in common, of a crowded band the oldest; `except` are
 * not looked at. Each text and band by a lookup of its own: while tables grow fast the planner has no statistics yet and would read the whole collection.
 */
export async function findOriginals(
  transaction: CorpusTransaction,
  query: { collectionId: string; textHashes: readonly string[]; bands: readonly string[]; except: readonly string[] },
): Promise<ComparedRow[]> {
  const { collectionId, textHashes, bands, except } = query;
  const { rows } = await sql<ComparedRow>`
    select ${comparedColumns}
    from (
      select copy.id from unnest(${textHashes.map((hash) => Buffer.from(hash, 'hex'))}::bytea[]) as wanted (hash)
      cross join lateral (
        select id from corpus_documents
        where collection_id = ${collectionId} and text_hash = wanted.hash and duplicate_of is null
          and id <> all(${except}::uuid[])
        order by text_hash, id limit 1
      ) as copy
      union
      select near.id from unnest(${bands}::bigint[]) as wanted (hash)
      cross join lateral (
        select document_id as id from corpus_signature_bands
        where collection_id = ${collectionId} and hash = wanted.hash and document_id <> all(${except}::uuid[])
        order by document_id limit ${mostOfOneBand}
      ) as near
    ) as original
    join corpus_documents as document on document.id = original.id
    where original.id <> all(${except}::uuid[])`.execute(transaction);
  return rows;
}

export async function readTexts(
  transaction: CorpusTransaction,
  documentIds: readonly string[],
): Promise<{ id: string; text: string }[]> {
  const { rows } = await sql<{ id: string; text: string }>`
    select id, text from corpus_documents where id = any(${documentIds}::uuid[])`.execute(transaction);
  return rows;
}

/** A document that was compared: a duplicate of another, or an original with the bands by which it is found. */
export type SettledRow = {
  id: string;
  originalId: string | undefined;
  similarity: number | undefined;
};

export async function linkDuplicates(transaction: CorpusTransaction, links: readonly SettledRow[]): Promise<void> {
  await sql`
    update corpus_documents as document
    set duplicate_of = link.original_id, duplicate_similarity = link.similarity
    from unnest(
      ${links.map(({ id }) => id)}::uuid[], ${links.map(({ originalId }) => originalId ?? null)}::uuid[],
      ${links.map(({ similarity }) => similarity ?? null)}::real[]
    ) as link (id, original_id, similarity)
    where document.id = link.id`.execute(transaction);
}

/** Makes originals findable by the bands of their signatures. */
export async function insertBands(
  transaction: CorpusTransaction,
  target: { organizationId: string; collectionId: string },
  documentIds: readonly string[],
): Promise<void> {
  await sql`
    insert into corpus_signature_bands (organization_id, collection_id, hash, document_id)
    select distinct ${target.organizationId}::uuid, ${target.collectionId}::uuid, unnest(bands), document_id
    from corpus_signatures where document_id = any(${documentIds}::uuid[])
    on conflict do nothing`.execute(transaction);
}
