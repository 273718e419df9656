-- Events get the envelope of their contract; the relay numbers them and remembers how far every subscriber has come.

alter table platform_outbox drop constraint platform_outbox_subject_check;
alter table platform_outbox rename column subject to data;
alter table platform_outbox
  -- What belongs to one cause has one correlation; an event without one is its own cause.
  add column correlation_id text,
  add column priority smallint not null default 5,
  add column version smallint not null default 1,
  add constraint platform_outbox_data_check check (jsonb_typeof(data) = 'object' and pg_column_size(data) <= 262144),
  add constraint platform_outbox_correlation_id_check check (length(correlation_id) between 1 and 200),
  add constraint platform_outbox_priority_check check (priority in (1, 5, 8, 10)),
  add constraint platform_outbox_version_check check (version > 0);

create index platform_outbox_created_index on platform_outbox (created_at);

revoke insert on platform_outbox from nexus_app;
-- Reading is for replay, which happens inside the organization.
grant insert (id, organization_id, type, data, correlation_id, priority, version), select on platform_outbox to nexus_app;

-- The events in the order in which the relay read them. `position` is the public number within the organization, without
-- gaps; `sequence` is the relay's own over all organizations. Only the relay writes here, one transaction after another.
create table platform_event_log (
  organization_id uuid not null,
  position bigint not null,
  sequence bigint not null,
  event_id uuid not null,
  created_at timestamptz not null default now(),
  constraint platform_event_log_pkey primary key (organization_id, position),
  constraint platform_event_log_event_key unique (organization_id, event_id)
);

create index platform_event_log_sequence_index on platform_event_log (sequence);

-- The last position given out in an organization; outlives the events.
create table platform_event_positions (
  organization_id uuid not null,
  position bigint not null,
  constraint platform_event_positions_pkey primary key (organization_id)
);

-- One row: who relays, until when by the database's clock, and everything up to where has its number.
create table platform_relay (
  name text not null,
  holder uuid,
  lease_expires_at timestamptz not null default '-infinity',
  xid xid8,
  id uuid,
  sequence bigint not null default 0,
  constraint platform_relay_pkey primary key (name)
);

insert into platform_relay (name) values ('events');

-- Everything up to this sequence was handed to the subscriber.
create table platform_subscribers (
  name text not null,
  sequence bigint not null,
  updated_at timestamptz not null default now(),
  constraint platform_subscribers_pkey primary key (name)
);

select platform_protect_tenant_table('platform_event_log', 'select');
select platform_open_to_system('platform_event_log', 'select', 'insert', 'delete');
select platform_protect_tenant_table('platform_event_positions', 'select');
select platform_open_to_system('platform_event_positions', 'select', 'insert', 'update');
grant select, update on platform_relay to nexus_system;
grant select, insert, update on platform_subscribers to nexus_system;
