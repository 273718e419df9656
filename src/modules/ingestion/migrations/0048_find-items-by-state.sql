-- no-transaction
-- Before a table's first statistics every index whose first columns are given looks alike to the planner. With the state in
-- front, this one is chosen for states only, and an item is found by its own key from the first row on.
drop index concurrently if exists ingestion_items_state_lookup_index;
create index concurrently ingestion_items_state_lookup_index
  on ingestion_items (state, source_id, organization_id);
drop index concurrently if exists ingestion_items_state_index;
