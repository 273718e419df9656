-- Endpoints outside that are told of events, and each telling.

create table messaging_webhooks (
  organization_id uuid not null,
  id uuid not null,
  name text not null,
  url text not null,
  -- Null: every type.
  types text[],
  state text not null default 'active',
  disabled_reason text,
  -- Sealed under the file key.
  secret bytea not null,
  -- Signs too, until then: receivers learn a new secret while the old one still works.
  previous_secret bytea,
  previous_secret_until timestamptz,
  -- 1: one after the other, and a failing delivery holds back those behind it.
  max_concurrent integer not null default 1,
  blocked_until timestamptz not null default '-infinity',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint messaging_webhooks_pkey primary key (organization_id, id),
  constraint messaging_webhooks_name_key unique (organization_id, name),
  constraint messaging_webhooks_state_check check (state in ('active', 'disabled')),
  constraint messaging_webhooks_max_concurrent_check check (max_concurrent between 1 and 20)
);

create table messaging_deliveries (
  organization_id uuid not null,
  id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  -- Of the event, in its organization.
  position bigint not null,
  type text not null,
  -- The envelope as it is sent; a copy, so that events can be pruned.
  payload text not null,
  state text not null default 'pending',
  -- Also the fencing token: only the attempt that was claimed last settles the delivery.
  attempts integer not null default 0,
  -- Pending: the next attempt. Sending: from then on the sender counts as lost.
  due_at timestamptz not null default now(),
  first_failed_at timestamptz,
  last_status integer,
  last_reason text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint messaging_deliveries_pkey primary key (organization_id, id),
  constraint messaging_deliveries_event_key unique (organization_id, webhook_id, event_id),
  constraint messaging_deliveries_webhook_fkey foreign key (organization_id, webhook_id)
    references messaging_webhooks (organization_id, id) on delete cascade,
  constraint messaging_deliveries_state_check check (state in ('pending', 'sending', 'delivered', 'dead'))
);

create index messaging_deliveries_waiting_index on messaging_deliveries (organization_id, webhook_id, position)
  where state in ('pending', 'sending');
create index messaging_deliveries_due_index on messaging_deliveries (due_at) where state in ('pending', 'sending');
create index messaging_deliveries_finished_index on messaging_deliveries (finished_at)
  where state in ('delivered', 'dead');

select platform_protect_tenant_table('messaging_webhooks');
select platform_protect_tenant_table('messaging_deliveries');
-- The sender finds out where something is due; the scheduler removes what is old.
select platform_open_to_system('messaging_webhooks', 'select');
select platform_open_to_system('messaging_deliveries', 'select', 'delete');
