-- Requests that carried an Idempotency-Key: what they were, whether they changed something, and their reply.
create table platform_idempotency_keys (
  organization_id uuid not null,
  -- SHA-256 of the caller and the key: the key itself opens the reply and is never stored.
  key_hash bytea not null,
  fingerprint bytea not null,
  -- Raised when a request whose lock had lapsed is carried out again: the former one can no longer commit.
  attempt integer not null default 1,
  -- Written in the transaction of the first change that the request commits.
  has_effect boolean not null default false,
  locked_until timestamptz not null,
  status integer,
  -- Sealed under a key derived from the Idempotency-Key.
  reply bytea,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint platform_idempotency_keys_pkey primary key (organization_id, key_hash)
);

create index platform_idempotency_keys_expires_at_index on platform_idempotency_keys (expires_at);

select platform_protect_tenant_table('platform_idempotency_keys');
select platform_open_to_system('platform_idempotency_keys', 'select', 'delete');
