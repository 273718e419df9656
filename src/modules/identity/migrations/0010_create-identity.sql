-- Organizations, the one-time tokens that sign a person in, and the sessions they open. Secrets are stored hashed.

create table identity_organizations (
  organization_id uuid not null,
  id uuid not null,
  name text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint identity_organizations_pkey primary key (organization_id, id),
  constraint identity_organizations_self_check check (organization_id = id)
);

create table identity_sign_in_tokens (
  organization_id uuid not null,
  id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint identity_sign_in_tokens_pkey primary key (organization_id, id),
  constraint identity_sign_in_tokens_organization_fkey foreign key (organization_id, organization_id)
    references identity_organizations (organization_id, id) on delete cascade
);

create index identity_sign_in_tokens_hash_index on identity_sign_in_tokens (token_hash);

create table identity_sessions (
  organization_id uuid not null,
  id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint identity_sessions_pkey primary key (organization_id, id),
  constraint identity_sessions_organization_fkey foreign key (organization_id, organization_id)
    references identity_organizations (organization_id, id) on delete cascade
);

create index identity_sessions_hash_index on identity_sessions (token_hash);

select platform_protect_tenant_table('identity_organizations');
select platform_protect_tenant_table('identity_sign_in_tokens');
select platform_protect_tenant_table('identity_sessions');

-- The first start asks whether there is an organization at all; the scheduler removes what has expired.
select platform_open_to_system('identity_organizations', 'select');
select platform_open_to_system('identity_sign_in_tokens', 'select', 'delete');
select platform_open_to_system('identity_sessions', 'select', 'delete');

-- Credentials are looked up before the organization is known, so by functions of the owner that give ids only.
select platform_open_to_resolver_functions('identity_sign_in_tokens');
select platform_open_to_resolver_functions('identity_sessions');
create policy identity_sign_in_tokens_redeem on identity_sign_in_tokens for update to nexus_owner
  using (true) with check (true);

create function identity_redeem_sign_in_token(presented_hash bytea)
  returns table (organization_id uuid, token_id uuid)
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  update public.identity_sign_in_tokens as token
     set used_at = now()
   where token.token_hash = presented_hash and token.used_at is null and token.expires_at > now()
  returning token.organization_id, token.id
$$;

create function identity_find_session(presented_hash bytea)
  returns table (organization_id uuid, session_id uuid)
  language sql stable security definer
  set search_path = pg_catalog, public, pg_temp
as $$
  select session.organization_id, session.id
    from public.identity_sessions as session
   where session.token_hash = presented_hash and session.expires_at > now()
$$;

revoke all on function identity_redeem_sign_in_token(bytea), identity_find_session(bytea) from public;
grant execute on function identity_redeem_sign_in_token(bytea), identity_find_session(bytea) to nexus_resolver;
