-- What is known of a document besides its text, and what it names.

alter table corpus_documents
  add column language text,
  add column document_type text,
  add column category text,
  add column tags text[] not null default '{}',
  add column classification_confidence real,
  add column routing_hint text,
  add column source_url text,
  -- Of the archived copy; a new version keeps it.
  add column drive_url text;

-- One row for each thing that a document names. mentions: [{start, end, confidence}], the first ones, in their order.
create table corpus_entities (
  organization_id uuid not null,
  id uuid not null,
  document_id uuid not null,
  kind text not null,
  name text not null,
  -- Lower case, spaces in one: what the same thing has in common in all documents.
  normalised_name text not null,
  mentions jsonb not null,
  mention_count integer not null,
  -- The highest of its mentions.
  confidence real not null,
  constraint corpus_entities_pkey primary key (organization_id, id),
  constraint corpus_entities_name_key unique (organization_id, document_id, kind, normalised_name),
  constraint corpus_entities_document_fkey foreign key (organization_id, document_id)
    references corpus_documents (organization_id, id) on delete cascade,
  constraint corpus_entities_kind_check check (kind in ('person', 'organization', 'location', 'technical', 'concept'))
);

create index corpus_entities_normalised_name_index on corpus_entities (organization_id, normalised_name, kind);

select platform_protect_tenant_table('corpus_entities');
