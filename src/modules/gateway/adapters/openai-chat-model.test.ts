import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAppError } from '#platform/errors.ts';
import { Secret } from '#platform/secret.ts';
import { gatewayConfig } from '../config.ts';
import { describeChatModel } from '../testing/chat-model.contract-suite.ts';
import { collect } from '../testing/collect.ts';
import { completionEvent, eventStream, openUpstream } from '../testing/upstream.ts';
import { createOpenaiChatModel, type OpenaiChatModelOptions, openaiProvider } from './openai-chat-model.ts';

const request = { messages: [{ role: 'user' as const, content: 'Hi' }], maxTokens: 50, temperature: 0.5 };
const config = gatewayConfig.parse({});

const openModel = (url: string, options: Partial<OpenaiChatModelOptions> = {}) =>
  createOpenaiChatModel({
    ...config,
    provider: 'openai',
    baseUrl: url,
    apiKey: new Secret('sk-test-key'),
    now: () => new Date('2026-11-21T00:00:00Z'),
    ...options,
  });

/** A model whose upstream does the same with every call. */
const against = async (handle: (response: ServerResponse) => void, options: Partial<OpenaiChatModelOptions> = {}) =>
  openModel((await openUpstream((_request, response) => handle(response))).url, options);

const answerOf = async (handle: (response: ServerResponse) => void, options: Partial<OpenaiChatModelOptions> = {}) =>
  collect((await against(handle, options)).generate(request, AbortSignal.timeout(10_000)));

const errorOf = async (handle: (response: ServerResponse) => void, options: Partial<OpenaiChatModelOptions> = {}) => {
  const error = await answerOf(handle, options).catch((caught: unknown) => caught);
  if (!isAppError(error)) throw new Error(`expected an AppError, got ${String(error)}`);
  return error;
};

const hello = completionEvent({ text: 'Hello' });
const stop = completionEvent({ reason: 'stop' });
const done = 'data: [DONE]\n\n';
const refuse =
  (status: number, error: object, headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error }));
const stream = (body: string | Buffer) => (response: ServerResponse) => response.writeHead(200, eventStream).end(body);

describe('openai chat model', () => {
  describeChatModel({
    answering: () =>
      against(stream(hello + completionEvent({ text: ' world' }) + stop + completionEvent({ usage: [7, 2] }) + done)),
    cut: () =>
      against((response) => {
        response.writeHead(200, eventStream).write(hello, () => setTimeout(() => response.destroy(), 20));
      }),
    silent: () => against(() => undefined),
    refusing: () => against(refuse(401, { message: 'Incorrect API key provided: sk-test-key' })),
  });

  it('sends the dialect, the key and nothing else', async () => {
    const upstream = await openUpstream((_request, response) => stream(hello + stop + done)(response));
    await collect(openModel(upstream.url).generate(request, AbortSignal.timeout(5_000)));
    expect(upstream.received[0]?.body).toEqual({
      model: 'gpt-4o-mini',
      messages: request.messages,
      stream: true,
      max_tokens: 50,
      temperature: 0.5,
      stream_options: { include_usage: true },
    });
    expect(upstream.received[0]?.headers.authorization).toBe('Bearer sk-test-key');
  });

  it('gives up the fields that a server refuses, once, and remembers it', async () => {
    const refused = [
      { message: 'Unknown field stream_options' },
      { message: "Unsupported parameter: 'max_tokens' is not supported", param: 'max_tokens' },
      { message: 'Unsupported value', param: 'temperature' },
    ];
    const upstream = await openUpstream((_request, response, call) => {
      const error = refused[call - 1];
      if (error === undefined) stream(hello + stop + done)(response);
      else refuse(400, error)(response);
    });
    const model = openModel(upstream.url);
    expect((await collect(model.generate(request, AbortSignal.timeout(5_000)))).text).toBe('Hello');
    await collect(model.generate(request, AbortSignal.timeout(5_000)));
    expect(upstream.received).toHaveLength(5);
    const last = upstream.received[4]?.body;
    expect(last).toMatchObject({ max_completion_tokens: 50 });
    expect(Object.keys(last ?? {})).not.toEqual(expect.arrayContaining(['temperature']));
  });

  it('reads a stream that is cut inside characters and uses CRLF and comments', async () => {
    const body = Buffer.from(
      `: hi\r\n\r\n${completionEvent({ text: 'žlutý 🐎' })}${stop}${done}`.replaceAll('\n', '\r\n'),
    );
    const answer = await answerOf(async (response) => {
      response.writeHead(200, eventStream);
      for (const byte of body) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    expect(answer.text).toBe('žlutý 🐎');
  });

  it.each([
    ['a stream without [DONE] whose reason came', hello + stop, 'stop'],
    ['a stream whose last event lacks its blank line', hello + stop.trimEnd(), 'stop'],
    ['an answer that reached its length', hello + completionEvent({ reason: 'length' }) + done, 'length'],
    ['a filtered answer', hello + completionEvent({ reason: 'content_filter' }) + done, 'content-filter'],
    ['a reason that nobody knows', hello + completionEvent({ reason: 'celestial' }) + done, 'other'],
    ['[DONE] without a reason', hello + done, 'other'],
  ])('accepts %s', async (_name, body, reason) => {
    const answer = await answerOf(stream(body));
    expect(answer).toMatchObject({ text: 'Hello', finish: { reason } });
  });

  it('accepts a server that does not stream', async () => {
    const body = {
      choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 1 },
    };
    const answer = await answerOf((response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
    expect(answer).toEqual({
      text: 'Hello',
      finish: { type: 'finish', reason: 'stop', usage: { inputTokens: 3, outputTokens: 1 } },
    });
  });

  it('reports usage that is missing or absurd as not told', async () => {
    for (const usage of ['', completionEvent({ usage: [-5, Number.NaN] })]) {
      const answer = await answerOf(stream(hello + stop + usage + done));
      expect(answer.finish.usage).toEqual({ inputTokens: 0, outputTokens: 0 });
    }
  });

  it.each([
    ['no reason and no [DONE]', hello, 'MODEL_STREAM_CUT'],
    ['half an event', `${hello}data: {"choices":[{"del`, 'MODEL_STREAM_CUT'],
    ['an empty stream', '', 'MODEL_STREAM_CUT'],
    [
      'an error in place of an event',
      `${hello}data: {"error":{"message":"overloaded","code":503}}\n\n`,
      'MODEL_UNAVAILABLE',
    ],
    [
      'a limit in place of an event',
      'data: {"error":{"message":"slow","type":"rate_limit_error"}}\n\n',
      'MODEL_RATE_LIMITED',
    ],
    ['something else than JSON', 'data: <html>\n\n', 'MODEL_ANSWER_INVALID'],
    ['an endless event', `data: ${'a'.repeat(3_000)}`, 'MODEL_ANSWER_TOO_LARGE'],
    ['an endless stream', hello.repeat(300), 'MODEL_ANSWER_TOO_LARGE'],
  ])('refuses %s', async (_name, body, code) => {
    expect((await errorOf(stream(body), { maxAnswerBytes: 20_000, maxEventCharacters: 2_000 })).code).toBe(code);
  });

  it.each([
    ['a page after 200', 'text/html', '<html>Welcome</html>', 'MODEL_ANSWER_INVALID'],
    ['an error document after 200', 'application/json', '{"error":{"message":"no","code":"500"}}', 'MODEL_UNAVAILABLE'],
    ['a document that is too large', 'application/json', `{"a":"${'x'.repeat(30_000)}"}`, 'MODEL_ANSWER_TOO_LARGE'],
  ])('refuses %s', async (_name, type, body, code) => {
    const error = await errorOf((response) => response.writeHead(200, { 'content-type': type }).end(body), {
      maxAnswerBytes: 20_000,
    });
    expect(error.code).toBe(code);
  });

  it('reads a stream that is sent with the wrong media type', async () => {
    const answer = await answerOf((response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(hello + stop + done),
    );
    expect(answer.text).toBe('Hello');
  });

  it('refuses a compressed answer instead of expanding it', async () => {
    const error = await errorOf((response) =>
      response.writeHead(200, { ...eventStream, 'content-encoding': 'gzip' }).end('x'),
    );
    expect(error.code).toBe('MODEL_ANSWER_INVALID');
  });

  it.each([
    [403, {}, 'MODEL_KEY_REJECTED', 'unavailable'],
    [404, { code: 'model_not_found' }, 'MODEL_UNKNOWN', 'unavailable'],
    [302, {}, 'MODEL_UNKNOWN', 'unavailable'],
    [429, { message: 'Rate limit' }, 'MODEL_RATE_LIMITED', 'limit'],
    [429, { code: 'insufficient_quota' }, 'MODEL_QUOTA_USED_UP', 'unavailable'],
    [500, {}, 'MODEL_UNAVAILABLE', 'unavailable'],
    [529, {}, 'MODEL_UNAVAILABLE', 'unavailable'],
    [400, { code: 'context_length_exceeded' }, 'MODEL_CONTEXT_TOO_LONG', 'invalid'],
    [400, { message: 'bad' }, 'MODEL_REQUEST_REFUSED', 'unavailable'],
  ])('translates status %i with %j to %s', async (status, body, code, kind) => {
    expect(await errorOf(refuse(status, body))).toMatchObject({ code, kind });
  });

  it.each([
    ['7', 7],
    ['Sat, 21 Nov 2026 00:00:30 GMT', 30],
    ['soon', undefined],
  ])('passes Retry-After %s on', async (header, seconds) => {
    const error = await errorOf(refuse(429, {}, { 'retry-after': header }));
    expect(error.details.retryAfterSeconds).toBe(seconds);
  });

  it('never repeats the key that a provider quotes', async () => {
    const error = await errorOf(refuse(400, { message: 'Bad header Bearer sk-test-key' }));
    expect(JSON.stringify(error.details)).not.toContain('sk-test-key');
  });

  it('ends a stream that falls silent', async () => {
    const error = await errorOf((response) => response.writeHead(200, eventStream).write(hello), {
      idleTimeoutMs: 100,
    });
    expect(error).toMatchObject({ code: 'MODEL_TIMEOUT', kind: 'timeout' });
  });

  it('ends a call whose first byte does not come', async () => {
    expect((await errorOf(() => undefined, { firstByteTimeoutMs: 100 })).code).toBe('MODEL_TIMEOUT');
  });

  it('says that nobody listens', async () => {
    const model = openModel('http://127.0.0.1:1/v1');
    const error = await collect(model.generate(request, AbortSignal.timeout(5_000))).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'ECONNREFUSED' } });
  });

  it('is active when an address or a key is set and no other provider is named', () => {
    const open = (input: object) => openaiProvider.open(gatewayConfig.parse(input))?.id;
    expect(open({})).toBeUndefined();
    expect(open({ openai: { apiKey: 'k' } })).toBe('openai:gpt-4o-mini');
    expect(open({ openai: { baseUrl: 'http://127.0.0.1:1/v1' }, model: 'llama' })).toBe('openai:llama');
    expect(open({ openai: { apiKey: 'k' }, provider: 'other' })).toBeUndefined();
  });
});

const fixtures = join(process.env.NEXUS_TEST_DATA ?? '../shared/data', 'provider-fixtures');
const missing = !existsSync(fixtures) && process.env.CI !== 'true';

describe.skipIf(missing)('openai chat model against recorded streams (NEXUS_TEST_DATA)', () => {
  const recordings = missing
    ? []
    : [
        'openai/openai-text',
        'openai/azure-model-router.1',
        'openai-compatible/xai-text',
        'groq/groq-text',
        'mistral/mistral-text',
        'deepseek/deepseek-text',
        'groq/groq-reasoning',
        'deepseek/deepseek-reasoning',
      ]
        .map((name) => join(fixtures, `${name}.chunks.txt`))
        .filter((path) => existsSync(path));

  it('finds the recordings', () => {
    expect(readdirSync(fixtures)).toContain('openai');
    expect(recordings.length).toBeGreaterThanOrEqual(6);
  });

  it.each(recordings)('replays %s', async (path) => {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const events = lines.map((line) => JSON.parse(line));
    const expected = events
      .map((event) => event.choices?.[0]?.delta?.content)
      .filter((content) => typeof content === 'string')
      .join('');
    const usage = events.map((event) => event.usage).findLast((found) => found);
    const answer = await answerOf(stream(`${lines.map((line) => `data: ${line}\n\n`).join('')}${done}`));
    expect(answer.text).toBe(expected);
    expect(answer.finish.usage).toEqual({
      inputTokens: usage?.prompt_tokens ?? 0,
      outputTokens: usage?.completion_tokens ?? 0,
    });
  });
});
