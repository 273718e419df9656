import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, gatewayConfig } from '#modules/gateway/index.ts';
import { createFakeChatModel, type FakeAnswer } from '#modules/gateway/testing/fake-chat-model.ts';
import { createFakeEmbedder } from '#modules/gateway/testing/fake-embedder.ts';
import { createGrounding } from '#modules/grounding/index.ts';
import type { FoundPassage, Retrieval } from '#modules/retrieval/index.ts';
import { systemClock } from '#platform/clock.ts';
import { createCursors } from '#platform/cursor.ts';
import { AppError } from '#platform/errors.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { type ChatEvent, type ChatQuestion, createChat } from './chat.ts';
import { chatConfig } from './config.ts';
import { chatReply } from './contract.ts';

const ids = createIds(systemClock, systemRandom);
const organization = ids.next();
const document = 'Widgets need care. The widget is cleaned with warm water every Monday. Nobody knows why it is blue.';

const passage = (text: string, start = 0): FoundPassage => ({
  chunkId: ids.next(),
  documentId: ids.next(),
  collectionId: ids.next(),
  title: 'Widget care',
  headingPath: ['Cleaning'],
  page: undefined,
  text,
  start,
  end: start + text.length,
  score: 0.8,
  legs: {},
});

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

function openChat(options: { script?: FakeAnswer[]; passages?: FoundPassage[]; search?: Retrieval['search'] } = {}) {
  const queries: string[] = [];
  const model = options.script && createFakeChatModel(options.script);
  const gateway = createGateway({
    chatModel: model,
    embedder: createFakeEmbedder(),
    config: gatewayConfig.parse({ maxAttempts: 1 }),
  });
  const found = options.passages ?? [passage(document)];
  const search: Retrieval['search'] = async (_organizationId, { query }) => {
    queries.push(query);
    return { passages: found, position: '1', tookMs: 1, missingLegs: [], confidence: found.length === 0 ? 0 : 0.9 };
  };
  const chat = createChat({
    db: db.database.withTables(),
    gateway,
    retrieval: { search: options.search ?? search },
    grounding: createGrounding({ gateway }),
    cursors: createCursors(new Secret('a key of the test, long enough')),
    clock: systemClock,
    ids,
    config: chatConfig.parse({}),
  });
  return { chat, queries, model };
}

const ask = (message: string, rest: Partial<ChatQuestion> = {}): ChatQuestion => ({
  message,
  conversationId: undefined,
  collectionId: undefined,
  enableRag: true,
  maxTokens: 100,
  temperature: 0,
  atLeast: undefined,
  ...rest,
});
const signal = () => AbortSignal.timeout(10_000);
const question = 'When is the widget cleaned with warm water?';

async function eventsOf(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('chat without a language model', () => {
  it('answers with a sentence of the document, cited by exact offsets, and keeps it', async () => {
    const { chat } = openChat();
    const events = await eventsOf(chat.answer(organization, ask(question), signal()));
    expect(events.map(({ type }) => type)).toEqual(['start', 'sources', 'delta', 'done']);
    const done = events.at(-1);
    if (done?.type !== 'done') throw new Error('no reply');
    const { reply } = done;
    expect(chatReply.parse(reply)).toEqual(reply);
    expect(reply.answer).toBe('The widget is cleaned with warm water every Monday. [1]');
    expect(reply).toMatchObject({
      declined: false,
      metadata: { model_used: 'extractive', strategy: 'hybrid', tokens_used: 0 },
    });
    const [sentence] = reply.sentences;
    const citation = sentence?.citations[0];
    expect(document.slice(citation?.start, citation?.end)).toBe(sentence?.text);
    expect(reply.sources[0]?.url).toMatch(/^\/documents\/[0-9a-f-]{36}\?start=0&end=\d+$/);
    const kept = await chat.listMessages(organization, reply.conversation_id, { limit: 10, cursor: undefined });
    expect(kept.items.map(({ role, content }) => [role, content])).toEqual([
      ['assistant', reply.answer],
      ['user', question],
    ]);
    expect(kept.items[0]?.reply).toEqual(reply);
  });

  it('says that it does not know when nothing was found or nothing supports an answer', async () => {
    const empty = await openChat({ passages: [] }).chat.ask(organization, ask(question), signal());
    expect(empty).toMatchObject({ declined: true, sources: [], sentences: [] });
    expect(empty.answer).toMatch(/^I don't know/);
    const weak = openChat({
      search: async () => ({
        passages: [passage(document)],
        position: '',
        tookMs: 1,
        missingLegs: [],
        confidence: 0.05,
      }),
    });
    const reply = await weak.chat.ask(organization, ask('Who won the election in Mongolia?'), signal());
    expect(reply).toMatchObject({ declined: true, sources: [] });
  });

  it('searches a follow-up with the words of the question before', async () => {
    const { chat, queries } = openChat();
    const first = await chat.ask(organization, ask(question), signal());
    await chat.ask(organization, ask('And why?', { conversationId: first.conversation_id }), signal());
    expect(queries[1]).toBe('And why? widget cleaned warm water');
  });

  it('refuses to answer without documents', async () => {
    const refused = openChat().chat.ask(organization, ask('Hi', { enableRag: false }), signal());
    await expect(refused).rejects.toMatchObject({ code: 'CHAT_MODEL_NEEDED' });
  });

  it('keeps nothing when the search fails', async () => {
    const { chat } = openChat({
      search: async () => {
        throw new AppError('SEARCH_WARMING', 'unavailable', 'Loading.');
      },
    });
    const other = ids.next();
    await expect(chat.ask(other, ask(question), signal())).rejects.toMatchObject({ code: 'SEARCH_WARMING' });
    expect((await chat.listConversations(other, { limit: 5, cursor: undefined })).items).toEqual([]);
  });
});

describe('chat with a language model', () => {
  it('streams the answer, cites the passages, and flags what they do not support', async () => {
    const parts = [
      'The widget is cleaned with warm ',
      'water every Monday [1][7]. ',
      'It was made on Mars by 12 dwarfs [1].',
    ];
    const { chat, model } = openChat({ script: [{ parts }] });
    const events = await eventsOf(chat.answer(organization, ask(question), signal()));
    const deltas = events.flatMap((event) => (event.type === 'delta' ? [event.text] : [])).join('');
    const done = events.at(-1);
    if (done?.type !== 'done') throw new Error('no reply');
    expect(done.reply.answer).toBe(
      'The widget is cleaned with warm water every Monday [1]. It was made on Mars by 12 dwarfs [1].',
    );
    expect(deltas).toBe(done.reply.answer);
    const [first, second] = done.reply.sentences;
    expect([first?.supported, second?.supported]).toEqual([true, false]);
    const citation = first?.citations[0];
    expect(document.slice(citation?.start, citation?.end)).toBe('The widget is cleaned with warm water every Monday.');
    expect(done.reply.metadata).toMatchObject({ model_used: 'fake:model', tokens_used: 15, tokens_estimated: false });
    expect(model?.requests[0]?.messages.at(-1)?.content).toContain('<passage number="1">');
  });

  it('recognises that the model does not know', async () => {
    const { chat } = openChat({ script: [{ parts: ["I don't know: the documents do not say."] }] });
    expect(await chat.ask(organization, ask(question), signal())).toMatchObject({
      declined: true,
      sources: [],
      sentences: [],
    });
  });

  it('says so when the answer reached its length limit', async () => {
    const { chat } = openChat({ script: [{ parts: ['The widget is'], reason: 'length' }] });
    const reply = await chat.ask(organization, ask(question), signal());
    expect(reply.answer).toMatch(/length limit/);
    expect(reply.metadata.finish_reason).toBe('length');
  });

  it('shows the model the conversation, and asks it without documents when told to', async () => {
    const { chat, model } = openChat({ script: [{ parts: ['Hello there.'] }] });
    const first = await chat.ask(organization, ask('Good day', { enableRag: false }), signal());
    expect(first).toMatchObject({
      sources: [],
      sentences: [{ supported: false, citations: [] }],
      metadata: { strategy: 'none' },
    });
    await chat.ask(organization, ask('Again', { enableRag: false, conversationId: first.conversation_id }), signal());
    expect(model?.requests[1]?.messages.map(({ content }) => content).slice(1)).toEqual([
      'Good day',
      'Hello there.',
      'Again',
    ]);
  });

  it('keeps a broken answer as cut with its reason, never as a whole one', async () => {
    const error = new AppError('MODEL_STREAM_CUT', 'unavailable', 'Cut.');
    const { chat } = openChat({ script: [{ parts: ['The widget is '], error }] });
    const other = ids.next();
    await expect(chat.ask(other, ask(question), signal())).rejects.toBe(error);
    expect(await lastMessage(chat, other)).toMatchObject({
      role: 'assistant',
      content: 'The widget is',
      status: 'cut',
      cut_reason: 'MODEL_STREAM_CUT',
      reply: null,
    });
  });

  it('keeps what was shown when the reader leaves or stops the answer', async () => {
    const left = ids.next();
    const { chat, model } = openChat({ script: [{ parts: ['The widget is ', 'blue.'], hang: true }] });
    for await (const event of chat.answer(left, ask(question), signal())) if (event.type === 'delta') break;
    expect(await lastMessage(chat, left)).toMatchObject({ status: 'cut', cut_reason: 'STOPPED' });
    // The stream to the model is closed too, not left to run into nothing.
    expect(model?.open).toBe(0);
    const stopped = ids.next();
    const stop = new AbortController();
    const answer = chat.ask(stopped, ask(question), stop.signal);
    setTimeout(() => stop.abort(), 100);
    await expect(answer).rejects.toMatchObject({ code: 'MODEL_CALL_ABORTED' });
    expect(await lastMessage(chat, stopped)).toMatchObject({ status: 'cut', cut_reason: 'MODEL_CALL_ABORTED' });
  });

  it('calls an empty answer an error', async () => {
    const { chat } = openChat({ script: [{ parts: [' '] }] });
    await expect(chat.ask(organization, ask(question), signal())).rejects.toMatchObject({ code: 'CHAT_ANSWER_EMPTY' });
  });
});

async function lastMessage(chat: ReturnType<typeof openChat>['chat'], organizationId: string) {
  const [conversation] = (await chat.listConversations(organizationId, { limit: 1, cursor: undefined })).items;
  return (await chat.listMessages(organizationId, conversation?.id ?? '', { limit: 1, cursor: undefined })).items[0];
}

describe('conversations', () => {
  it('are listed newest first, page by page, and a question moves its conversation to the top', async () => {
    const { chat } = openChat();
    const own = ids.next();
    const replies = [];
    for (const message of ['First widget?', 'Second widget?', 'Third widget?']) {
      replies.push(await chat.ask(own, ask(message), signal()));
    }
    await chat.ask(own, ask('Widget again?', { conversationId: replies[0]?.conversation_id }), signal());
    const one = await chat.listConversations(own, { limit: 2, cursor: undefined });
    const two = await chat.listConversations(own, { limit: 2, cursor: one.nextCursor });
    expect([...one.items, ...two.items].map(({ title }) => title)).toEqual([
      'First widget?',
      'Third widget?',
      'Second widget?',
    ]);
    expect(two.nextCursor).toBeUndefined();
    const messages = await chat.listMessages(own, replies[0]?.conversation_id ?? '', { limit: 3, cursor: undefined });
    const rest = await chat.listMessages(own, replies[0]?.conversation_id ?? '', {
      limit: 3,
      cursor: messages.nextCursor,
    });
    expect([...messages.items, ...rest.items].map(({ role }) => role)).toEqual([
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    await expect(chat.listConversations(ids.next(), { limit: 2, cursor: one.nextCursor })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  it('belong to their organization', async () => {
    const { chat } = openChat();
    const reply = await chat.ask(organization, ask(question), signal());
    const other = ids.next();
    const page = { limit: 5, cursor: undefined };
    await expect(chat.listMessages(other, reply.conversation_id, page)).rejects.toMatchObject({
      code: 'CONVERSATION_NOT_FOUND',
    });
    await expect(chat.deleteConversation(other, reply.conversation_id)).rejects.toMatchObject({
      code: 'CONVERSATION_NOT_FOUND',
    });
    const intruding = chat.ask(other, ask(question, { conversationId: reply.conversation_id }), signal());
    await expect(intruding).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' });
    expect((await chat.listMessages(organization, reply.conversation_id, page)).items).toHaveLength(2);
  });

  it('take their messages with them when deleted', async () => {
    const { chat } = openChat();
    const own = ids.next();
    const reply = await chat.ask(own, ask(question), signal());
    await chat.deleteConversation(own, reply.conversation_id);
    const left = await db.adminSql('select id from chat_messages where organization_id = $1', [own]);
    expect(left).toEqual([]);
    const again = chat.ask(own, ask(question, { conversationId: reply.conversation_id }), signal());
    await expect(again).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' });
  });

  it('do not come back to life when they are deleted while an answer is searched for', async () => {
    const own = ids.next();
    const first = await openChat().chat.ask(own, ask(question), signal());
    const { chat } = openChat({
      async search() {
        await chat.deleteConversation(own, first.conversation_id);
        return { passages: [passage(document)], position: '1', tookMs: 1, missingLegs: [], confidence: 0.9 };
      },
    });
    const late = chat.ask(own, ask(question, { conversationId: first.conversation_id }), signal());
    await expect(late).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' });
    expect(await db.adminSql('select id from chat_conversations where organization_id = $1', [own])).toEqual([]);
  });

  it('read messages through the index of one month when the conversation is young', async () => {
    const plan = await db.adminSql<{ 'QUERY PLAN': string }>(
      `explain select id from chat_messages where organization_id = '${organization}' and conversation_id = '${ids.next()}'
       and id > '${ids.next()}' order by id desc limit 10`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('chat_messages');
  });
});
