/** What is kept of a conversation: its turns as they begin, end or break off, and the lists of them. */
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import { AppError, isAppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { ChatConfig } from './config.ts';
import type { ChatReply } from './contract.ts';
import {
  type ChatTables,
  type ConversationRow,
  deleteConversation,
  findConversation,
  insertMessage,
  listConversations,
  listMessages,
  type MessageRow,
  touchConversation,
} from './store.ts';

/** One question and its answer to be. */
export type Turn = { conversationId: string; answerId: string };

export type HistoryMessage = { role: 'user' | 'assistant'; content: string };

export type History = {
  /** What fits the configured number and tokens, oldest first; broken answers are left out. */
  messages: HistoryMessage[];
  /** The person's own, oldest first. */
  questions: string[];
};

export type PageRequest = { limit: number; cursor: string | undefined };
export type Page<Item> = { items: Item[]; nextCursor: string | undefined };

export type Conversations = ReturnType<typeof createConversations>;
export type Turns = ReturnType<typeof createTurns>;

type Dependencies = {
  db: TableDatabase<ChatTables>;
  cursors: Cursors;
  clock: Clock;
  ids: Ids;
  config: Pick<ChatConfig, 'historyMessages' | 'historyTokens'>;
};

const longestTitle = 80;
const conversationList = 'chat_conversations';
const messageList = 'chat_messages';

/** A turn from its question to its end. */
export function createTurns({ db, clock, ids, config }: Omit<Dependencies, 'cursors'>) {
  return {
    /** Throws CONVERSATION_NOT_FOUND for an id that is not of this organization. */
    async readHistory(
      organizationId: string,
      conversationId: string | undefined,
      countTokens: (text: string) => number,
    ): Promise<History> {
      if (conversationId === undefined) return { messages: [], questions: [] };
      const rows = await db.inOrganization(organizationId, async (transaction) => {
        if ((await findConversation(transaction, conversationId)) === undefined) throw notFoundError(conversationId);
        return listMessages(transaction, conversationId, { limit: config.historyMessages, beforeId: undefined });
      });
      return toHistory(rows, config.historyTokens, countTokens);
    },

    /** Stores the question, in a new conversation when there is none yet. */
    async beginTurn(organizationId: string, conversationId: string | undefined, message: string): Promise<Turn> {
      const id = conversationId ?? ids.next();
      const questionId = ids.next();
      const now = clock.now();
      await db.inOrganization(organizationId, async (transaction) => {
        // A conversation that was deleted since the history was read must not come back to life.
        const exists = conversationId === undefined || (await findConversation(transaction, id)) !== undefined;
        if (!exists) throw notFoundError(id);
        await touchConversation(transaction, { organizationId, id, title: toTitle(message), now });
        const question = {
          organizationId,
          conversationId: id,
          id: questionId,
          role: 'user' as const,
          content: message,
        };
        await insertMessage(transaction, { ...question, reply: undefined, cutReason: undefined, now });
      });
      return { conversationId: id, answerId: ids.next() };
    },

    /** Stores the whole answer. Throws CONVERSATION_NOT_FOUND when the conversation was deleted meanwhile. */
    async finishTurn(organizationId: string, turn: Turn, reply: ChatReply): Promise<void> {
      const kept = await db.inOrganization(organizationId, (transaction) =>
        insertMessage(transaction, {
          ...toAnswer(organizationId, turn, clock.now()),
          content: reply.answer,
          reply,
          cutReason: undefined,
        }),
      );
      if (!kept) throw notFoundError(turn.conversationId);
    },

    /** Stores what was shown of an answer that broke off, and why. Never throws: the first failure is the one to tell. */
    async cutTurn(organizationId: string, turn: Turn, cut: { shown: string; failure: unknown }): Promise<void> {
      await db
        .inOrganization(organizationId, (transaction) =>
          insertMessage(transaction, {
            ...toAnswer(organizationId, turn, clock.now()),
            content: cut.shown,
            reply: undefined,
            cutReason: reasonOf(cut.failure),
          }),
        )
        .catch(() => undefined);
    },
  };
}

/** The lists of conversations and of their messages. */
export function createConversations({ db, cursors }: Pick<Dependencies, 'db' | 'cursors'>) {
  return {
    /** Newest first. Throws CURSOR_INVALID. */
    async listConversations(organizationId: string, { limit, cursor }: PageRequest): Promise<Page<ConversationRow>> {
      const place = cursor === undefined ? undefined : cursors.read(conversationList, organizationId, cursor);
      const before = place && { updatedAt: new Date(place.sortKey), id: place.id };
      const rows = await db.inOrganization(organizationId, (transaction) =>
        listConversations(transaction, { limit: limit + 1, before }),
      );
      return toPage(rows, limit, (last) =>
        cursors.write(conversationList, organizationId, { sortKey: last.updated_at.toISOString(), id: last.id }),
      );
    },

    /** Newest first. Throws CONVERSATION_NOT_FOUND, CURSOR_INVALID. */
    async listMessages(
      organizationId: string,
      conversationId: string,
      { limit, cursor }: PageRequest,
    ): Promise<Page<MessageRow>> {
      const filter = [organizationId, conversationId];
      const beforeId = cursor === undefined ? undefined : cursors.read(messageList, filter, cursor).id;
      const rows = await db.inOrganization(organizationId, async (transaction) => {
        if ((await findConversation(transaction, conversationId)) === undefined) throw notFoundError(conversationId);
        return listMessages(transaction, conversationId, { limit: limit + 1, beforeId });
      });
      return toPage(rows, limit, ({ id }) => cursors.write(messageList, filter, { sortKey: id, id }));
    },

    /** With all its messages. Throws CONVERSATION_NOT_FOUND. */
    async deleteConversation(organizationId: string, conversationId: string): Promise<void> {
      const deleted = await db.inOrganization(organizationId, (transaction) =>
        deleteConversation(transaction, conversationId),
      );
      if (!deleted) throw notFoundError(conversationId);
    },
  };
}

function toAnswer(organizationId: string, { conversationId, answerId }: Turn, now: Date) {
  return { organizationId, conversationId, id: answerId, role: 'assistant' as const, now };
}

/** Newest messages first in, as many as fit, oldest first out. */
function toHistory(rows: readonly MessageRow[], budgetTokens: number, countTokens: (text: string) => number): History {
  const messages: HistoryMessage[] = [];
  let leftTokens = budgetTokens;
  for (const { role, content } of rows.filter(({ status }) => status === 'complete')) {
    leftTokens -= countTokens(content);
    if (leftTokens < 0) break;
    messages.unshift({ role, content });
  }
  const questions = rows.filter(({ role }) => role === 'user').map(({ content }) => content);
  return { messages, questions: questions.reverse() };
}

/** One row more than asked for tells that there is a next page. */
function toPage<Row>(rows: Row[], limit: number, write: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? write(last) : undefined };
}

function toTitle(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  if (line.length <= longestTitle) return line;
  const cut = line.slice(0, longestTitle).toWellFormed();
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longestTitle / 2)).trimEnd()}…`;
}

/** `STOPPED` when the reader left without an error. */
function reasonOf(failure: unknown): string {
  if (failure === undefined) return 'STOPPED';
  return isAppError(failure) ? failure.code : 'UNEXPECTED';
}

function notFoundError(conversationId: string): AppError {
  const message = 'There is no such conversation. Leave conversation_id out to begin one.';
  return new AppError('CONVERSATION_NOT_FOUND', 'not-found', message, { details: { conversationId } });
}
