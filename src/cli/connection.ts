/** One way to speak to Nexus: over HTTP to the running server, or to an app built in this process when none runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { App } from '#app/build-app.ts';
import type { RunningServer } from '#app/server-file.ts';
import { AppError, type ErrorKind } from '#platform/errors.ts';
import { readEvents, type StreamedEvent } from './ingesting/read-events.ts';

export type ApiRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  /** Bytes are sent as they are, anything else as JSON. */
  body?: unknown;
};

export type Connection = {
  /** Where the server listens; undefined when the app lives in this process. */
  readonly url: string | undefined;
  /** The reply's JSON; undefined for an empty one. Throws what the server answered as AppError. */
  call<Reply>(request: ApiRequest): Promise<Reply>;
  /**
   * The server-sent events of a path until the server ends them, whether it has told everything or not. Throws what the
   * server answered instead, SERVER_UNREACHABLE, and the signal's reason.
   */
  events(path: string, signal: AbortSignal): AsyncIterable<StreamedEvent>;
  close(): Promise<void>;
};

type RawReply = { status: number; retryAfterSeconds: number | undefined; text: string };
/** The two ways to the server. */
type Wire = {
  send(
    method: ApiRequest['method'],
    target: string,
    headers: Record<string, string>,
    body?: Buffer | string,
  ): Promise<RawReply>;
  stream(target: string, signal: AbortSignal): Promise<{ status: number; body: AsyncIterable<Uint8Array> }>;
};

/** A cold index or a busy parser is worth a few tries; every call of the command line may be repeated. */
const maxAttempts = 6;
const longestRetryWaitMs = 5000;
const requestTimeoutMs = 300_000;
/** A stream tells at least every 15 s that it is still there. */
const streamSilenceMs = 60_000;

export function connectTo(server: RunningServer): Connection {
  const agent = new Agent({ headersTimeout: requestTimeoutMs, bodyTimeout: requestTimeoutMs, connections: 8 });
  const authorization = `Bearer ${server.token}`;
  const unreachable = (cause: unknown): never => {
    throw new AppError('SERVER_UNREACHABLE', 'unavailable', `The server at ${server.url} does not answer.`, { cause });
  };
  const wire: Wire = {
    async send(method, target, headers, body) {
      const reply = await request(`${server.url}${target}`, {
        method,
        dispatcher: agent,
        headers: { ...headers, authorization },
        body: body ?? null,
      }).catch(unreachable);
      const wait = Number(reply.headers['retry-after']);
      const text = await reply.body.text().catch(unreachable);
      return { status: reply.statusCode, retryAfterSeconds: wait > 0 ? wait : undefined, text };
    },
    async stream(target, signal) {
      const options = { dispatcher: agent, headers: { authorization }, signal, bodyTimeout: streamSilenceMs };
      const { statusCode, body } = await request(`${server.url}${target}`, options).catch(unreachable);
      return { status: statusCode, body };
    },
  };
  return toConnection(wire, server.url, () => agent.close());
}

/** `token` is the operator's, as admitted by the app's identity. */
export function connectInProcess(app: App, token: string, close: () => Promise<void>): Connection {
  const authorization = `Bearer ${token}`;
  const wire: Wire = {
    async send(method, target, headers, body) {
      const reply = await app.server.inject({
        method,
        url: target,
        headers: { ...headers, authorization },
        ...(body === undefined ? {} : { payload: body }),
      });
      const wait = Number(reply.headers['retry-after']);
      return { status: reply.statusCode, retryAfterSeconds: wait > 0 ? wait : undefined, text: reply.payload };
    },
    async stream(target, signal) {
      const options = {
        method: 'GET',
        url: target,
        headers: { authorization },
        signal,
        payloadAsStream: true,
      } as const;
      const reply = await app.server.inject(options);
      return { status: reply.statusCode, body: reply.stream() };
    },
  };
  return toConnection(wire, undefined, close);
}

function toConnection({ send, stream }: Wire, url: string | undefined, close: () => Promise<void>): Connection {
  return {
    url,
    close,
    async *events(path, signal) {
      const { status, body } = await stream(path, signal);
      if (status >= 400) throw toError({ status, retryAfterSeconds: undefined, text: await textOf(body) });
      yield* readEvents(body);
    },
    async call<Reply>(request: ApiRequest): Promise<Reply> {
      const { target, headers, payload } = toRaw(request);
      for (let attempt = 1; ; attempt += 1) {
        const reply = await send(request.method, target, headers, payload);
        if (reply.status < 400) return parseReply(reply.text) as Reply;
        const mayRetry = attempt < maxAttempts && isWorthRetrying(reply, request);
        if (!mayRetry) throw toError(reply);
        await sleep(Math.min((reply.retryAfterSeconds ?? 1) * 1000, longestRetryWaitMs));
      }
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** A question that was stored before the failure would be stored again; it is retried only before anything happened. */
const refusedBeforeWork = new Set(['SEARCH_WARMING', 'SEARCH_BEHIND', 'SERVER_BUSY', 'SERVER_NOT_READY']);

function isWorthRetrying({ status, retryAfterSeconds, text }: RawReply, { path }: ApiRequest): boolean {
  if (status !== 503 || retryAfterSeconds === undefined) return false;
  return !path.startsWith('/api/v1/chat/') || refusedBeforeWork.has(parseProblem(text).code ?? '');
}

type RawRequest = { target: string; headers: Record<string, string>; payload: Buffer | string | undefined };

function toRaw({ path, query = {}, body }: ApiRequest): RawRequest {
  const parameters = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const target = parameters.length === 0 ? path : `${path}?${new URLSearchParams(parameters)}`;
  if (body === undefined) return { target, headers: {}, payload: undefined };
  if (body instanceof Uint8Array) {
    const payload = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return { target, headers: { 'content-type': 'application/octet-stream' }, payload };
  }
  return { target, headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) };
}

function parseReply(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}

const kindOfStatus: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'too-large',
  415: 'unsupported',
  422: 'mismatch',
  429: 'limit',
  431: 'too-large',
  503: 'unavailable',
  504: 'timeout',
  507: 'storage-full',
};

type Problem = { code?: string; message?: string; details?: Record<string, unknown>; request_id?: string };

function toError({ status, text }: RawReply): AppError {
  const problem = parseProblem(text);
  const kind = kindOfStatus[status] ?? 'bug';
  const message = problem.message ?? `The server answered ${status} without saying why.`;
  return new AppError(problem.code ?? 'SERVER_ERROR', kind, message, {
    details: { ...problem.details, ...(problem.request_id === undefined ? {} : { request_id: problem.request_id }) },
  });
}

function parseProblem(text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}
