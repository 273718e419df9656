import type { ChatMessageBody, ConversationView, MessageView } from '#modules/chat/contract.ts';
import { isAbort, type Page, RequestFailed, send, sendJson, withQuery } from '../../lib/http.ts';
import { createEventParser, type ServerEvent } from './server-events.ts';
import type { ChatEvent } from './turn.ts';

const conversationsPath = '/api/v1/chat/conversations';

/** Most messages that are opened again; older ones stay on the server. */
const maxPages = 5;

export type Question = Pick<ChatMessageBody, 'message' | 'conversation_id' | 'at_least'>;

type AskOptions = { signal: AbortSignal /** Any sign of life, events or not. */; onHeard: () => void };

/** Asks and yields the events of the answer as they arrive. Throws `RequestFailed`; ends early when the stream is cut. */
export async function* askQuestion(question: Question, { signal, onHeard }: AskOptions): AsyncGenerator<ChatEvent> {
  const body = { ...question, stream: true };
  const response = await send('POST', '/api/v1/chat/message', { body, signal, accept: 'text/event-stream' });
  const requestId = response.headers.get('x-request-id') ?? undefined;
  if (!response.body) return;
  const parse = createEventParser();
  for await (const piece of readPieces(response.body)) {
    onHeard();
    for (const event of parse(piece)) yield toChatEvent(event, requestId);
  }
}

/** A connection that breaks ends the text; the missing `done` then tells. Only a stop of the person is thrown. */
async function* readPieces(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (isAbort(error)) throw error;
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function toChatEvent({ event, data }: ServerEvent, requestId: string | undefined): ChatEvent {
  try {
    return { event, data: JSON.parse(data) } as ChatEvent;
  } catch (error) {
    const message = 'The server sent something that this page does not understand.';
    throw new RequestFailed({ status: 200, code: 'EVENT_UNREADABLE', message, requestId }, error);
  }
}

export function listConversations(cursor: string | undefined, signal: AbortSignal): Promise<Page<ConversationView>> {
  return sendJson('GET', withQuery(conversationsPath, { limit: 30, cursor }), { signal });
}

/** The newest messages of a conversation, oldest first. */
export async function readMessages(conversationId: string, signal: AbortSignal): Promise<MessageView[]> {
  const path = `${conversationsPath}/${encodeURIComponent(conversationId)}`;
  const messages: MessageView[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const read = await sendJson<Page<MessageView>>('GET', withQuery(path, { limit: 200, cursor }), { signal });
    messages.push(...read.items);
    if (read.next_cursor === null) break;
    cursor = read.next_cursor;
  }
  return messages.reverse();
}
