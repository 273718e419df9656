-- A collection is searched in one embedding space and may be prepared for one more.

alter table corpus_collections
  -- Null until the first document.
  add column live_space_id uuid,
  add column building_space_id uuid,
  add constraint corpus_collections_live_space_fkey foreign key (organization_id, live_space_id)
    references corpus_embedding_spaces (organization_id, id),
  add constraint corpus_collections_building_space_fkey foreign key (organization_id, building_space_id)
    references corpus_embedding_spaces (organization_id, id);

-- SHA-256 of the text that was embedded: the same text is not embedded again.
alter table corpus_embeddings add column text_hash bytea;
create index corpus_embeddings_text_hash_index on corpus_embeddings (organization_id, space_id, text_hash)
  where text_hash is not null;

-- `space`: the collection is searched in another space from here on; names no document.
alter table corpus_changes alter column document_id drop not null;
alter table corpus_changes drop constraint corpus_changes_kind_check;
alter table corpus_changes add constraint corpus_changes_kind_check
  check (kind in ('upsert', 'delete', 'space') and (kind = 'space') = (document_id is null));

-- Collections that hold vectors already are searched in the space of the newest ones, as until now. Forced row-level
-- security would hide every row from the owner.
alter table corpus_collections no force row level security;
alter table corpus_documents no force row level security;
alter table corpus_chunks no force row level security;
alter table corpus_embeddings no force row level security;
alter table corpus_embedding_spaces no force row level security;
update corpus_collections as collection set live_space_id = (
  select space.id from corpus_embedding_spaces as space
  where space.organization_id = collection.organization_id and exists (
    select from corpus_documents as document
    join corpus_chunks as chunk
      on chunk.organization_id = document.organization_id and chunk.document_id = document.id
    join corpus_embeddings as embedding
      on embedding.organization_id = chunk.organization_id and embedding.chunk_id = chunk.id
    where document.organization_id = collection.organization_id and document.collection_id = collection.id
      and embedding.space_id = space.id)
  order by space.created_at desc, space.id desc limit 1);
alter table corpus_collections force row level security;
alter table corpus_documents force row level security;
alter table corpus_chunks force row level security;
alter table corpus_embeddings force row level security;
alter table corpus_embedding_spaces force row level security;
