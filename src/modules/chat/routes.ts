import { type Route, route, type ServerSentEvent } from '#platform/http/route.ts';
import type { Chat, ChatEvent, ChatQuestion } from './chat.ts';
import {
  type ChatMessageBody,
  type ConversationView,
  chatMessageBody,
  chatReply,
  conversationPage,
  conversationPageQuery,
  conversationParams,
  type MessageView,
  messagePage,
} from './contract.ts';
import type { ConversationRow, MessageRow } from './store.ts';

const tag = 'chat';

export function chatRoutes(chat: Chat): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/chat/message',
      permission: 'chat:write',
      summary: 'Answers a question from the documents, with citations; streams when asked to.',
      tag,
      request: { body: chatMessageBody },
      responses: { 200: chatReply },
      async handle({ caller, body, signal }) {
        const question = toQuestion(body);
        if (!body.stream) return { status: 200, body: await chat.ask(caller.organizationId, question, signal) };
        return { status: 200, events: presentEvents(chat.answer(caller.organizationId, question, signal)) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/chat/conversations',
      permission: 'chat:read',
      summary: 'Lists conversations, newest first.',
      tag,
      request: { query: conversationPageQuery },
      responses: { 200: conversationPage },
      async handle({ caller, query }) {
        const page = await chat.listConversations(caller.organizationId, { limit: query.limit, cursor: query.cursor });
        return {
          status: 200,
          body: { items: page.items.map(presentConversation), next_cursor: page.nextCursor ?? null },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/chat/conversations/{conversation_id}',
      permission: 'chat:read',
      summary: 'Lists the messages of a conversation, newest first.',
      tag,
      request: { params: conversationParams, query: conversationPageQuery },
      responses: { 200: messagePage },
      async handle({ caller, params, query }) {
        const { limit, cursor } = query;
        const page = await chat.listMessages(caller.organizationId, params.conversation_id, { limit, cursor });
        return { status: 200, body: { items: page.items.map(presentMessage), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/chat/conversations/{conversation_id}',
      permission: 'chat:write',
      summary: 'Deletes a conversation with all its messages.',
      tag,
      request: { params: conversationParams },
      responses: { 204: null },
      async handle({ caller, params }) {
        await chat.deleteConversation(caller.organizationId, params.conversation_id);
        return { status: 204 };
      },
    }),
  ];
}

function toQuestion(body: ChatMessageBody): ChatQuestion {
  return {
    message: body.message,
    conversationId: body.conversation_id,
    collectionId: body.collection_id,
    enableRag: body.enable_rag,
    maxTokens: body.max_tokens,
    temperature: body.temperature,
    atLeast: body.at_least,
  };
}

async function* presentEvents(events: AsyncIterable<ChatEvent>): AsyncGenerator<ServerSentEvent> {
  for await (const event of events) yield presentEvent(event);
}

function presentEvent(event: ChatEvent): ServerSentEvent {
  switch (event.type) {
    case 'start':
      return { event: 'start', data: { conversation_id: event.conversationId, message_id: event.messageId } };
    case 'sources':
      return { event: 'sources', data: event.sources };
    case 'delta':
      return { event: 'delta', data: { text: event.text } };
    case 'done':
      return { event: 'done', data: event.reply };
  }
}

function presentConversation(row: ConversationRow): ConversationView {
  const { id, title, created_at, updated_at } = row;
  return { id, title, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}

function presentMessage(row: MessageRow): MessageView {
  const { id, role, content, reply, cut_reason, created_at } = row;
  return { id, role, content, reply, cut_reason, created_at: created_at.toISOString() };
}
