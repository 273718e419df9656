-- Before a table's first statistics every index whose first columns are given looks alike to the planner. With the state in
-- front, this one is chosen for states only, and an item is found by its own key from the first row on.
drop index ingestion_items_state_index;
create index ingestion_items_state_index on ingestion_items (state, source_id, organization_id);
