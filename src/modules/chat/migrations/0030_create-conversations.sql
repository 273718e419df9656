-- Conversations and their messages. Messages lie in monthly partitions by their UUIDv7 id, so that old months go at once.

create table chat_conversations (
  organization_id uuid not null,
  id uuid not null,
  title text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint chat_conversations_pkey primary key (organization_id, id)
);

create index chat_conversations_recent_index on chat_conversations (organization_id, updated_at desc, id desc);

-- status: a message is `complete`, or `cut` when its answer broke off; then cut_reason is the error's code.
create table chat_messages (
  organization_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  role text not null,
  status text not null,
  cut_reason text,
  content text not null,
  reply jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint chat_messages_pkey primary key (organization_id, id),
  constraint chat_messages_conversation_fkey foreign key (organization_id, conversation_id)
    references chat_conversations (organization_id, id) on delete cascade,
  constraint chat_messages_role_check check (role in ('user', 'assistant')),
  constraint chat_messages_status_check check (status in ('complete', 'cut')),
  constraint chat_messages_cut_reason_check check ((status = 'cut') = (cut_reason is not null)),
  constraint chat_messages_reply_check check (reply is null or (role = 'assistant' and status = 'complete'))
) partition by range (id);

create index chat_messages_conversation_index on chat_messages (organization_id, conversation_id, id desc);

select platform_protect_tenant_table('chat_conversations');
select platform_protect_tenant_table('chat_messages');
select platform_ensure_partitions(array['chat_messages']);
