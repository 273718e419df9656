-- Which documents of a collection say the same.

alter table corpus_documents
  -- SHA-256 of the text; null for what was written before this migration, until it is written again.
  add column text_hash bytea,
  -- The original: the oldest document of the collection with the same text, itself never a duplicate.
  add column duplicate_of uuid,
  -- Jaccard similarity of the shingles, 1 for the very same text.
  add column duplicate_similarity real,
  add constraint corpus_documents_duplicate_of_fkey foreign key (organization_id, duplicate_of)
    references corpus_documents (organization_id, id) on delete set null (duplicate_of);

create index corpus_documents_text_hash_index on corpus_documents (organization_id, collection_id, text_hash);
create index corpus_documents_duplicate_of_index on corpus_documents (organization_id, duplicate_of)
  where duplicate_of is not null;

-- signature: 128 little-endian unsigned 32-bit minima; bands: their hashes in groups.
create table corpus_signatures (
  organization_id uuid not null,
  document_id uuid not null,
  signature bytea not null,
  bands bigint[] not null,
  constraint corpus_signatures_pkey primary key (organization_id, document_id),
  constraint corpus_signatures_document_fkey foreign key (organization_id, document_id)
    references corpus_documents (organization_id, id) on delete cascade
);

-- Where a text that may be the same is looked up; of originals only, so that a thousand copies are one entry. Rows go
-- by the bands of the signature, in the transaction that ends the original.
create table corpus_signature_bands (
  organization_id uuid not null,
  collection_id uuid not null,
  hash bigint not null,
  document_id uuid not null,
  constraint corpus_signature_bands_pkey primary key (organization_id, collection_id, hash, document_id)
);

select platform_protect_tenant_table('corpus_signatures');
select platform_protect_tenant_table('corpus_signature_bands');
