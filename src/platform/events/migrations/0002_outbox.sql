-- What happened, written in the same transaction as the change itself; the truth from which every broker is fed.
create table platform_outbox (
  id uuid not null,
  -- The order of changes, see platform/postgres/change-order.ts. Set by the database alone: the app may not write it.
  xid xid8 not null default pg_current_xact_id(),
  organization_id uuid not null,
  type text not null,
  -- Ids only; content is read again inside the organization.
  subject jsonb not null,
  created_at timestamptz not null default now(),
  constraint platform_outbox_pkey primary key (organization_id, id),
  constraint platform_outbox_type_check check (type ~ '^[a-z_]+(\.[a-z_]+)+$'),
  constraint platform_outbox_subject_check check (jsonb_typeof(subject) = 'object' and pg_column_size(subject) <= 4096)
);

create index platform_outbox_order_index on platform_outbox (xid, id);

select platform_protect_tenant_table('platform_outbox', 'insert (id, organization_id, type, subject)');
-- The relay reads the events of every organization in their order and removes what it has handed on.
select platform_open_to_system('platform_outbox', 'select', 'delete');
