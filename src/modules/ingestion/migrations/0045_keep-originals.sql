-- The bytes of a pushed document are kept while it lives, and a document that a person deletes takes its item along.

alter table ingestion_items
  -- Where the bytes are that the stored document was made from, when they were pushed; `blob_key` names those of the
  -- revision in hand.
  add column original_key text;

create index ingestion_items_document_index on ingestion_items (organization_id, document_id)
  where document_id is not null;
create index ingestion_items_original_index on ingestion_items (organization_id, original_key)
  where original_key is not null;

-- When a source was removed; its remains are remembered for some days after that.
alter table ingestion_sources add column removed_at timestamptz;
update ingestion_sources set removed_at = updated_at where state = 'deleted';
