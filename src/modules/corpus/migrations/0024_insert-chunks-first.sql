-- Chunks of a new document may be written before the document itself, by a transaction that says so: a large one has
-- thousands, and writing them must not hold up those who wait for the collection.
alter table corpus_chunks alter constraint corpus_chunks_document_fkey deferrable initially immediate;
