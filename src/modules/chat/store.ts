import type { Generated } from 'kysely';
import type { Transaction } from '#platform/postgres/ports.ts';
import type { ChatReply } from './contract.ts';

type Tenant = { organization_id: string };

/** The tables of this module. */
export type ChatTables = {
  chat_conversations: Tenant & { id: string; title: string; created_at: Date; updated_at: Date };
  chat_messages: Tenant & {
    id: string;
    conversation_id: string;
    role: 'user' | 'assistant';
    status: 'complete' | 'cut';
    cut_reason: string | null;
    content: string;
    /** Written as JSON text, read parsed. */
    reply: ChatReply | null;
    created_at: Date;
    updated_at: Generated<Date>;
  };
};

export type ChatTransaction = Transaction<ChatTables>;

export type MessageRow = Pick<
  ChatTables['chat_messages'],
  'id' | 'role' | 'status' | 'cut_reason' | 'content' | 'reply' | 'created_at'
>;

export type ConversationRow = Omit<ChatTables['chat_conversations'], 'organization_id'>;

export function findConversation(transaction: ChatTransaction, id: string): Promise<ConversationRow | undefined> {
  return transaction
    .selectFrom('chat_conversations')
    .select(['id', 'title', 'created_at', 'updated_at'])
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Creates the conversation, or moves an existing one to the top of the list. */
export async function touchConversation(
  transaction: ChatTransaction,
  conversation: { organizationId: string; id: string; title: string; now: Date },
): Promise<void> {
  const { organizationId, id, title, now } = conversation;
  await transaction
    .insertInto('chat_conversations')
    .values({ organization_id: organizationId, id, title, created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.columns(['organization_id', 'id']).doUpdateSet({ updated_at: now }))
    .execute();
}

export type NewMessage = {
  organizationId: string;
  conversationId: string;
  id: string;
  role: 'user' | 'assistant';
  content: string;
  reply: ChatReply | undefined;
  /** The code of the error that cut the answer; undefined for a whole message. */
  cutReason: string | undefined;
  now: Date;
};

/** False when the conversation is gone, and then nothing is written. */
export async function insertMessage(transaction: ChatTransaction, message: NewMessage): Promise<boolean> {
  const conversation = await transaction
    .selectFrom('chat_conversations')
    .select('id')
    .where('id', '=', message.conversationId)
    .forKeyShare()
    .executeTakeFirst();
  if (conversation === undefined) return false;
  await transaction
    .insertInto('chat_messages')
    .values({
      organization_id: message.organizationId,
      id: message.id,
      conversation_id: message.conversationId,
      role: message.role,
      status: message.cutReason === undefined ? 'complete' : 'cut',
      cut_reason: message.cutReason ?? null,
      content: message.content,
      reply: message.reply ?? null,
      created_at: message.now,
      updated_at: message.now,
    })
    .execute();
  return true;
}

/** Newest first, before the place when one is given. */
export function listConversations(
  transaction: ChatTransaction,
  page: { limit: number; before: { updatedAt: Date; id: string } | undefined },
): Promise<ConversationRow[]> {
  const { before } = page;
  let query = transaction.selectFrom('chat_conversations').select(['id', 'title', 'created_at', 'updated_at']);
  if (before !== undefined) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('updated_at', 'id'), '<', tuple(before.updatedAt, before.id)),
    );
  }
  return query.orderBy('updated_at', 'desc').orderBy('id', 'desc').limit(page.limit).execute();
}

/**
 * Newest first, before the message when one is given. A message is younger than its conversation, so its id is larger:
 * saying so keeps the months before out of the read.
 */
export function listMessages(
  transaction: ChatTransaction,
  conversationId: string,
  page: { limit: number; beforeId: string | undefined },
): Promise<MessageRow[]> {
  let query = transaction
    .selectFrom('chat_messages')
    .select(['id', 'role', 'status', 'cut_reason', 'content', 'reply', 'created_at'])
    .where('conversation_id', '=', conversationId)
    .where('id', '>', conversationId);
  if (page.beforeId !== undefined) query = query.where('id', '<', page.beforeId);
  return query.orderBy('id', 'desc').limit(page.limit).execute();
}

/** True if there was one; its messages go with it. */
export async function deleteConversation(transaction: ChatTransaction, id: string): Promise<boolean> {
  const result = await transaction.deleteFrom('chat_conversations').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}
