-- The ground every table stands on: nobody has what nobody granted, and a tenant table is protected by one call.

alter default privileges revoke execute on functions from public;

-- Replicas check by it that the database is as new as they are.
grant select on platform_migrations to nexus_app, nexus_system;

-- For a table with organization_id: row-level security, the one policy of the app login, and its grants. A table that
-- was forgotten has no grants, so the app cannot see it at all; a test reads the catalogue besides.
create function platform_protect_tenant_table(
  target regclass,
  app_privileges text default 'select, insert, update, delete'
) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  table_name name := (select relname from pg_class where oid = target);
  rule constant text := 'organization_id = nullif(current_setting(''nexus.organization_id'', true), '''')::uuid';
begin
  if not exists (
    select from pg_constraint
    join pg_attribute on attrelid = conrelid and attnum = conkey[1]
    where conrelid = target and contype = 'p' and attname = 'organization_id' and atttypid = 'uuid'::regtype
  ) then
    raise exception 'the primary key of % must begin with organization_id uuid', target;
  end if;
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy %I on %s for all to nexus_app using (%s) with check (%s)',
    table_name || '_organization', target, rule, rule);
  if app_privileges <> '' then
    execute format('grant %s on %s to nexus_app', app_privileges, target);
  end if;
end
$$;

-- Opens a table to the system login, across organizations, for the named commands only (select, insert, update, delete).
create function platform_open_to_system(target regclass, variadic commands text[]) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  table_name name := (select relname from pg_class where oid = target);
  command text;
begin
  foreach command in array commands loop
    if command not in ('select', 'insert', 'update', 'delete') then
      raise exception 'not a command that can be opened: %', command;
    end if;
    execute format('create policy %I on %s for %s to nexus_system %s',
      table_name || '_system_' || command, target, command,
      case command
        when 'insert' then 'with check (true)'
        when 'update' then 'using (true) with check (true)'
        else 'using (true)'
      end);
    execute format('grant %s on %s to nexus_system', command, target);
  end loop;
end
$$;

-- Lets SECURITY DEFINER functions, which run as the owner, read a protected table: forced row-level security binds the
-- owner too. For the few tables in which the resolver's functions look up a hash.
create function platform_open_to_resolver_functions(target regclass) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
declare
  table_name name := (select relname from pg_class where oid = target);
begin
  execute format('create policy %I on %s for select to nexus_owner using (true)', table_name || '_resolver', target);
end
$$;

-- Where a month begins among UUIDv7 ids: its 48 bits of milliseconds, the rest zero.
create function platform_first_id_of(month timestamptz) returns uuid
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select (lpad(to_hex((extract(epoch from month) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the monthly partitions of this month and the following ones for tables partitioned by range of a UUIDv7 id.
-- The system login calls it daily; it makes only what is missing and returns the names. Partitions carry forced
-- row-level security without a policy, so they can be read through their table only.
create function platform_ensure_partitions(tables text[], months_ahead integer default 2) returns setof text
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '3s'
as $$
declare
  table_name text;
  target regclass;
  month timestamptz;
  partition_name text;
begin
  if cardinality(tables) > 50 or months_ahead not between 0 and 24 then
    raise exception 'at most 50 tables and 24 months';
  end if;
  foreach table_name in array tables loop
    select oid::regclass into target from pg_class
    where relname = table_name and relnamespace = 'public'::regnamespace and relkind = 'p'
      and relowner = 'nexus_owner'::regrole;
    if target is null then
      raise exception 'not a partitioned table of ours: %', table_name;
    end if;
    for offset_months in 0..months_ahead loop
      month := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
      month := ((month at time zone 'UTC') + make_interval(months => offset_months)) at time zone 'UTC';
      partition_name := format('%s_%s', table_name, to_char(month at time zone 'UTC', '"y"YYYY"m"MM'));
      continue when to_regclass(format('public.%I', partition_name)) is not null;
      execute format('create table public.%I partition of %s for values from (%L) to (%L)', partition_name, target,
        platform_first_id_of(month),
        platform_first_id_of(((month at time zone 'UTC') + interval '1 month') at time zone 'UTC'));
      execute format('alter table public.%I enable row level security', partition_name);
      execute format('alter table public.%I force row level security', partition_name);
      return next partition_name;
    end loop;
  end loop;
end
$$;

revoke all on function platform_protect_tenant_table, platform_open_to_system, platform_open_to_resolver_functions,
  platform_first_id_of, platform_ensure_partitions from public;
grant execute on function platform_ensure_partitions to nexus_system;
