-- Collections, documents, their chunks with one vector a space, and the log of changes that the indexes follow.

create table corpus_collections (
  organization_id uuid not null,
  id uuid not null,
  name text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint corpus_collections_pkey primary key (organization_id, id),
  constraint corpus_collections_name_key unique (organization_id, name)
);

create table corpus_embedding_spaces (
  organization_id uuid not null,
  id uuid not null,
  provider text not null,
  model text not null,
  revision text not null,
  dimensions integer not null,
  normalised boolean not null,
  created_at timestamptz not null default now(),
  constraint corpus_embedding_spaces_pkey primary key (organization_id, id),
  constraint corpus_embedding_spaces_identity_key unique (organization_id, provider, model, revision, dimensions)
);

create table corpus_documents (
  organization_id uuid not null,
  id uuid not null,
  collection_id uuid not null,
  external_id text not null,
  title text not null,
  media_type text not null,
  content_hash text not null,
  size_bytes bigint not null,
  text text not null,
  characters integer not null,
  chunk_count integer not null,
  pipeline text not null,
  change_xid xid8 not null default pg_current_xact_id(),
  change_id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint corpus_documents_pkey primary key (organization_id, id),
  constraint corpus_documents_external_id_key unique (organization_id, collection_id, external_id),
  constraint corpus_documents_collection_fkey foreign key (organization_id, collection_id)
    references corpus_collections (organization_id, id)
);

create table corpus_chunks (
  organization_id uuid not null,
  id uuid not null,
  document_id uuid not null,
  ordinal integer not null,
  start_offset integer not null,
  end_offset integer not null,
  heading_path jsonb not null,
  page integer,
  tokens integer not null,
  text text not null,
  constraint corpus_chunks_pkey primary key (organization_id, id),
  constraint corpus_chunks_ordinal_key unique (organization_id, document_id, ordinal),
  constraint corpus_chunks_document_fkey foreign key (organization_id, document_id)
    references corpus_documents (organization_id, id) on delete cascade
);

-- vector: little-endian float32, `dimensions` of them.
create table corpus_embeddings (
  organization_id uuid not null,
  chunk_id uuid not null,
  space_id uuid not null,
  vector bytea not null,
  constraint corpus_embeddings_pkey primary key (organization_id, chunk_id, space_id),
  constraint corpus_embeddings_chunk_fkey foreign key (organization_id, chunk_id)
    references corpus_chunks (organization_id, id) on delete cascade,
  constraint corpus_embeddings_space_fkey foreign key (organization_id, space_id)
    references corpus_embedding_spaces (organization_id, id)
);

-- Ids only: a follower reads the content again inside the organization.
create table corpus_changes (
  organization_id uuid not null,
  id uuid not null,
  xid xid8 not null default pg_current_xact_id(),
  collection_id uuid not null,
  document_id uuid not null,
  kind text not null,
  created_at timestamptz not null default now(),
  constraint corpus_changes_pkey primary key (organization_id, id),
  constraint corpus_changes_kind_check check (kind in ('upsert', 'delete'))
);

create index corpus_changes_order_index on corpus_changes (xid, id);
create index corpus_changes_created_at_index on corpus_changes (created_at);

select platform_protect_tenant_table('corpus_collections');
select platform_protect_tenant_table('corpus_embedding_spaces');
select platform_protect_tenant_table('corpus_documents');
select platform_protect_tenant_table('corpus_chunks');
select platform_protect_tenant_table('corpus_embeddings');
-- The order of changes is the database's to write, never the app's.
select platform_protect_tenant_table('corpus_changes', 'select, insert (organization_id, id, collection_id, document_id, kind)');

-- The index follower reads the log of every organization; the scheduler prunes it.
select platform_open_to_system('corpus_changes', 'select', 'delete');
