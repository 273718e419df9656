-- What a subscriber has taken in: a row is written in the transaction of the effect, so that the effect happens once.
create table platform_inbox (
  organization_id uuid not null,
  subscriber text not null,
  event_id uuid not null,
  received_at timestamptz not null default now(),
  constraint platform_inbox_pkey primary key (organization_id, subscriber, event_id)
);

create index platform_inbox_received_index on platform_inbox (received_at);

-- Events that a subscriber could not take in, with the reason and what it was given. They wait for somebody to requeue them.
create table platform_dead_letters (
  organization_id uuid not null,
  id uuid not null,
  subscriber text not null,
  event_id uuid not null,
  event jsonb not null,
  reason_code text not null,
  reason text not null,
  attempts integer not null,
  created_at timestamptz not null default now(),
  constraint platform_dead_letters_pkey primary key (organization_id, id),
  constraint platform_dead_letters_event_key unique (organization_id, subscriber, event_id)
);

select platform_protect_tenant_table('platform_inbox', 'select, insert');
select platform_open_to_system('platform_inbox', 'select', 'delete');
select platform_protect_tenant_table('platform_dead_letters', 'select, insert, update, delete');
select platform_open_to_system('platform_dead_letters', 'select', 'delete');
