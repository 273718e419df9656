-- Looking at sources again and again: who looks, what was seen, and what is left of a source that was removed.

alter table ingestion_sources
  -- The task of the look that is waiting or under way; null: nobody looks.
  add column sync_task_id uuid,
  -- Fencing token: raised by each claim, so that a look that was given up cannot move the cursor any more.
  add column sync_attempt integer not null default 0,
  -- Raised by each request, so that one that comes while somebody looks leads to another look.
  add column sync_requests integer not null default 0,
  add column full_sync_requested boolean not null default false,
  -- A look that nobody asked for and that finds nothing leaves no task behind.
  add column sync_is_kept boolean not null default false,
  add column sync_touched_at timestamptz,
  drop constraint ingestion_sources_state_check,
  add constraint ingestion_sources_state_check check (state in ('active', 'paused', 'deleted'));

-- What the connector told of the revision that was accepted last; opaque.
alter table ingestion_items add column fingerprint text;

create index ingestion_sources_due_index on ingestion_sources (next_sync_at) where state = 'active';

-- Pages of what is known, in the byte order that connectors compare in.
create index ingestion_items_known_index on ingestion_items (organization_id, source_id, external_id collate "C")
  where change = 'upsert';
