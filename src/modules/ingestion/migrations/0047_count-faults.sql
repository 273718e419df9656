-- Failures of one revision that were no outage, whatever their reasons: a document that fails in turns is given up too.
alter table ingestion_items add column faults integer not null default 0;

-- 0045 meant to date the sources that were removed before it, but forced row-level security hid them from the owner.
alter table ingestion_sources no force row level security;
update ingestion_sources set removed_at = updated_at where state = 'deleted' and removed_at is null;
alter table ingestion_sources force row level security;
