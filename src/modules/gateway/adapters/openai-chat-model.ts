/** Any server that speaks OpenAI's `/chat/completions`, streaming. Translates; never retries, caches or counts. */
import { Agent, type Dispatcher } from 'undici';
import type { Secret } from '#platform/secret.ts';
import type { ChatModelProvider } from '../chat-model-provider.ts';
import { abortedError } from '../errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../ports.ts';
import {
  answerTooLargeError,
  type ErrorBody,
  invalidAnswerError,
  parseErrorBody,
  toConnectionError,
  toRefusalError,
} from './openai-errors.ts';
import { parseEventStream } from './parse-event-stream.ts';
import { createCompletionReader } from './read-chat-completion.ts';

export type OpenaiChatModelOptions = {
  /** Part of the id before the colon. */
  provider: string;
  /** Root of the API, ending in `/v1`, without a slash behind. */
  baseUrl: string;
  apiKey: Secret | undefined;
  model: string;
  connectTimeoutMs: number;
  firstByteTimeoutMs: number;
  idleTimeoutMs: number;
  maxAnswerBytes: number;
  maxEventCharacters: number;
  now: () => Date;
};

/** Active when an address or a key is set; the address alone is enough for a server that wants no key. */
export const openaiProvider: ChatModelProvider = {
  name: 'openai',
  open(config) {
    const { baseUrl, apiKey } = config.openai;
    if (config.provider !== 'openai' || (baseUrl === undefined && apiKey === undefined)) return undefined;
    return createOpenaiChatModel({
      ...config,
      provider: 'openai',
      baseUrl: baseUrl ?? 'https://api.openai.com/v1',
      apiKey,
      now: () => new Date(),
    });
  },
};

/** Fields that some servers refuse, in the order of least loss. Each is given up at most once per model. */
type Dialect = { streamOptions: boolean; maxTokensField: 'max_tokens' | 'max_completion_tokens'; temperature: boolean };

const mostDialectChanges = 3;
const mostErrorBytes = 64 * 1024;
const mostTrailingBytes = 1024;

export function createOpenaiChatModel(options: OpenaiChatModelOptions): ChatModel {
  const dispatcher = new Agent({
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: options.firstByteTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
  });
  const url = new URL(`${options.baseUrl.replace(/\/+$/, '')}/chat/completions`);
  let dialect: Dialect = { streamOptions: true, maxTokensField: 'max_tokens', temperature: true };

  const send = async (request: ChatRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    for (let changes = 0; ; changes += 1) {
      const response = await post(dispatcher, url, options, toBody(request, options.model, dialect), signal);
      if (response.statusCode === 200) return response;
      const body = parseErrorBody(await readAtMost(response.body, mostErrorBytes, signal));
      const adapted = response.statusCode === 400 || response.statusCode === 422 ? adapt(dialect, body) : undefined;
      if (adapted === undefined || changes >= mostDialectChanges) throw refusalOf(response, body, options);
      dialect = adapted;
    }
  };

  return {
    id: `${options.provider}:${options.model}`,
    async *generate(request, signal): AsyncGenerator<ChatPart> {
      if (signal.aborted) throw abortedError(signal);
      const { headers, body } = await send(request, signal);
      let finished = false;
      try {
        yield* readAnswer(headers, body.iterator({ destroyOnReturn: false }), options);
        finished = true;
      } catch (error) {
        throw toConnectionError(error, 'answering', signal);
      } finally {
        // What follows `[DONE]` is read away so that the connection can serve the next call; a cut answer closes it.
        if (finished) body.dump({ limit: mostTrailingBytes }).catch(() => undefined);
        else body.on('error', () => undefined).destroy();
      }
    },
  };
}

function toBody(request: ChatRequest, model: string, dialect: Dialect): string {
  return JSON.stringify({
    model,
    messages: request.messages,
    stream: true,
    [dialect.maxTokensField]: request.maxTokens,
    ...(dialect.temperature ? { temperature: request.temperature } : {}),
    ...(dialect.streamOptions ? { stream_options: { include_usage: true } } : {}),
  });
}

async function post(
  dispatcher: Dispatcher,
  url: URL,
  { apiKey }: OpenaiChatModelOptions,
  body: string,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    'accept-encoding': 'identity',
  };
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey.reveal()}`;
  try {
    const path = `${url.pathname}${url.search}`;
    return await dispatcher.request({ origin: url.origin, path, method: 'POST', headers, body, signal });
  } catch (error) {
    throw toConnectionError(error, 'connecting', signal);
  }
}

async function* readAnswer(
  headers: Dispatcher.ResponseData['headers'],
  body: AsyncIterable<Uint8Array>,
  options: OpenaiChatModelOptions,
): AsyncGenerator<ChatPart> {
  const encoding = String(headers['content-encoding'] ?? 'identity');
  if (encoding !== 'identity') throw invalidAnswerError('a compressed answer, which was not asked for');
  const reader = createCompletionReader(options.model, options.now);
  const isStream = String(headers['content-type'] ?? '').includes('text/event-stream');
  const limits = { maxEventCharacters: options.maxEventCharacters, maxStreamBytes: options.maxAnswerBytes };
  const events = isStream ? parseEventStream(body, limits) : wholeBody(body, options.maxAnswerBytes);
  for await (const event of events) {
    if (event.trim() === '[DONE]') {
      reader.end();
      break;
    }
    const text = reader.read(event);
    if (text !== '') yield { type: 'text', text };
  }
  yield reader.finish();
}

/** A server that does not stream sends one JSON document, or, with the wrong media type, a stream after all. */
async function* wholeBody(body: AsyncIterable<Uint8Array>, maxStreamBytes: number): AsyncGenerator<string> {
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const chunk of body) {
    receivedBytes += chunk.byteLength;
    if (receivedBytes > maxStreamBytes) throw answerTooLargeError(maxStreamBytes);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (!/^\uFEFF?\s*(?:data|event|id|retry)?:/.test(text)) {
    yield text;
    return;
  }
  const whole = (async function* () {
    yield* chunks;
  })();
  yield* parseEventStream(whole, { maxEventCharacters: maxStreamBytes, maxStreamBytes });
}

async function readAtMost(body: Dispatcher.ResponseData['body'], limitBytes: number, signal: AbortSignal) {
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      receivedBytes += chunk.byteLength;
      if (receivedBytes >= limitBytes) break;
    }
  } catch (error) {
    throw toConnectionError(error, 'connecting', signal);
  }
  return Buffer.concat(chunks).subarray(0, limitBytes).toString('utf8');
}

function refusalOf(response: Dispatcher.ResponseData, body: ErrorBody, { model, now, apiKey }: OpenaiChatModelOptions) {
  const key = apiKey?.reveal();
  const message = key === undefined ? body.message : body.message.replaceAll(key, '[secret]');
  const retryAfter = response.headers['retry-after'];
  return toRefusalError({
    status: response.statusCode,
    body: { ...body, message },
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    model,
    now: now(),
  });
}

/** The dialect without the field that the server refused; undefined when the refusal is about something else. */
function adapt(dialect: Dialect, { param, message }: ErrorBody): Dialect | undefined {
  const refused = (field: string) => param === field || param.startsWith(`${field}.`) || message.includes(field);
  if (dialect.streamOptions && refused('stream_options')) return { ...dialect, streamOptions: false };
  if (dialect.maxTokensField === 'max_tokens' && refused('max_tokens')) {
    return { ...dialect, maxTokensField: 'max_completion_tokens' };
  }
  if (dialect.temperature && refused('temperature')) return { ...dialect, temperature: false };
  return undefined;
}
