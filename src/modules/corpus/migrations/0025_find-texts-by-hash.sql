-- Before a table's first statistics every index whose first columns are given looks alike to the planner. With the hash in
-- front, this one is chosen for hashes only, and a document is found by its own key from the first row on.
drop index corpus_documents_text_hash_index;
create index corpus_documents_text_hash_index on corpus_documents (text_hash, collection_id, organization_id);
