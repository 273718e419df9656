-- no-transaction
-- Before a table's first statistics every index whose first columns are given looks alike to the planner. With the hash in
-- front, this one is chosen for hashes only, and a document is found by its own key from the first row on.
drop index concurrently if exists corpus_documents_text_hash_lookup_index;
create index concurrently corpus_documents_text_hash_lookup_index
  on corpus_documents (text_hash, collection_id, organization_id);
drop index concurrently if exists corpus_documents_text_hash_index;
