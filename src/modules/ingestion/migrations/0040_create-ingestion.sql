-- Sources, what is known at each of them, and the durable work that brings it into the corpus.

create table ingestion_sources (
  organization_id uuid not null,
  id uuid not null,
  kind text not null,
  name text not null,
  -- Null: the organization's collection `default`.
  collection_id uuid,
  settings jsonb not null,
  state text not null default 'active',
  -- Where the connector goes on; its own format. Moves in the transaction that accepts what was found before it.
  cursor jsonb,
  -- Documents at the source when it was last looked through to its end.
  known_documents integer,
  failures_in_a_row integer not null default 0,
  failure_code text,
  failure_message text,
  last_synced_at timestamptz,
  next_sync_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint ingestion_sources_pkey primary key (organization_id, id),
  constraint ingestion_sources_name_key unique (organization_id, name),
  constraint ingestion_sources_state_check check (state in ('active', 'paused'))
);

-- A task is what a person waits for: one look through a source, or one upload of many files.
create table ingestion_tasks (
  organization_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  kind text not null,
  state text not null default 'running',
  -- False while more documents may be added.
  is_sealed boolean not null default false,
  unchanged integer not null default 0,
  -- Items that a newer task took over, by the state in which they left: with the items that are still here they add up
  -- to everything that was ever accepted into this task.
  left_completed integer not null default 0,
  left_failed integer not null default 0,
  left_deleted integer not null default 0,
  left_superseded integer not null default 0,
  failure_code text,
  failure_message text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint ingestion_tasks_pkey primary key (organization_id, id),
  constraint ingestion_tasks_source_fkey foreign key (organization_id, source_id)
    references ingestion_sources (organization_id, id) on delete cascade,
  constraint ingestion_tasks_kind_check check (kind in ('sync', 'upload', 'retry', 'reprocess')),
  constraint ingestion_tasks_state_check check (state in ('running', 'completed', 'failed', 'canceled'))
);

-- Up to 50 items that one job takes through all stages. `attempt` is the fencing token: every effect checks it.
create table ingestion_batches (
  organization_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  attempt integer not null default 0,
  -- Items that were put into it. A batch that nobody has claimed yet takes more, up to its limit.
  size integer not null,
  -- True: takes no more, because of what is in it.
  is_alone boolean not null default false,
  -- Claims whose holder was lost without handing the batch back; many of them tell of a document that kills.
  losses integer not null default 0,
  state text not null default 'pending',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  -- When its holder or the reconciliation last saw to it.
  touched_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint ingestion_batches_pkey primary key (organization_id, id),
  constraint ingestion_batches_source_fkey foreign key (organization_id, source_id)
    references ingestion_sources (organization_id, id) on delete cascade,
  constraint ingestion_batches_state_check check (state in ('pending', 'running', 'done'))
);

-- An item is a document as its source knows it.
create table ingestion_items (
  organization_id uuid not null,
  id uuid not null,
  source_id uuid not null,
  external_id text not null,
  -- Which task and batch have the present revision in hand; null for what was made searchable while its sender waited.
  task_id uuid,
  batch_id uuid,
  change text not null,
  -- Raised by each accepted change; an effect of an older revision changes nothing.
  revision integer not null default 1,
  filename text not null,
  title text,
  url text,
  size_bytes bigint,
  -- The source's own version; a push with a smaller one than this is old news.
  source_version bigint,
  modified_at timestamptz,
  -- Where pushed bytes wait; null when the connector fetches them.
  blob_key text,
  content_hash text,
  document_id uuid,
  state text not null default 'pending',
  -- The last stage that was reached.
  stage text not null default 'discovered',
  -- Times that this revision failed in the same way; at the limit it is dead until somebody retries it.
  failures integer not null default 0,
  -- All failures of this revision, whatever their reasons.
  attempts integer not null default 0,
  failure_code text,
  failure_message text,
  -- Version of everything that made its chunks and vectors, when it was completed.
  pipeline text,
  -- What became of it when it was completed: whether the document was new, its chunks, where the index has it.
  outcome text,
  chunks integer,
  position text,
  warnings jsonb not null default '[]',
  discovered_at timestamptz not null default now(),
  processed_at timestamptz,
  updated_at timestamptz not null default now(),
  constraint ingestion_items_pkey primary key (organization_id, id),
  constraint ingestion_items_external_id_key unique (organization_id, source_id, external_id),
  constraint ingestion_items_source_fkey foreign key (organization_id, source_id)
    references ingestion_sources (organization_id, id) on delete cascade,
  constraint ingestion_items_change_check check (change in ('upsert', 'delete')),
  constraint ingestion_items_state_check check (state in ('pending', 'processing', 'completed', 'failed', 'deleted')),
  constraint ingestion_items_outcome_check check (outcome in ('created', 'updated', 'unchanged')),
  constraint ingestion_items_stage_check
    check (stage in ('discovered', 'parsed', 'classified', 'chunked', 'embedded', 'indexed'))
);

create index ingestion_items_batch_index on ingestion_items (organization_id, batch_id);
create index ingestion_items_task_index on ingestion_items (organization_id, task_id, state);
create index ingestion_items_state_index on ingestion_items (organization_id, source_id, state);
create index ingestion_items_blob_index on ingestion_items (organization_id, blob_key) where blob_key is not null;
create index ingestion_batches_live_index on ingestion_batches (organization_id, source_id, state) where state <> 'done';
create index ingestion_batches_touched_index on ingestion_batches (touched_at) where state <> 'done';
create index ingestion_batches_done_index on ingestion_batches (finished_at) where state = 'done';
create index ingestion_tasks_running_index on ingestion_tasks (created_at) where state = 'running';
create index ingestion_tasks_source_index on ingestion_tasks (organization_id, source_id, id);

select platform_protect_tenant_table('ingestion_sources');
select platform_protect_tenant_table('ingestion_tasks');
select platform_protect_tenant_table('ingestion_batches');
select platform_protect_tenant_table('ingestion_items');

-- The scheduler finds, across organizations, the sources that are due, the batches that no job holds any more and the
-- tasks that nobody ended.
select platform_open_to_system('ingestion_sources', 'select');
select platform_open_to_system('ingestion_batches', 'select');
select platform_open_to_system('ingestion_tasks', 'select');
