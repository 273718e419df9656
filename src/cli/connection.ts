/** One way to speak to Nexus: over HTTP to the running server, or to an app built in this process when none runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { App } from '#app/build-app.ts';
import type { RunningServer } from '#app/server-file.ts';
import { AppError, type ErrorKind } from '#platform/errors.ts';

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
  close(): Promise<void>;
};

type RawReply = { status: number; retryAfterSeconds: number | undefined; text: string };
type Send = (
  method: ApiRequest['method'],
  target: string,
  headers: Record<string, string>,
  body?: Buffer | string,
) => Promise<RawReply>;

/** A cold index or a busy parser is worth a few tries; every call of the command line may be repeated. */
const maxAttempts = 6;
const longestRetryWaitMs = 5000;
const requestTimeoutMs = 300_000;

export function connectTo(server: RunningServer): Connection {
  const agent = new Agent({ headersTimeout: requestTimeoutMs, bodyTimeout: requestTimeoutMs, connections: 8 });
  const send: Send = async (method, target, headers, body) => {
    const reply = await request(`${server.url}${target}`, {
      method,
      dispatcher: agent,
      headers: { ...headers, authorization: `Bearer ${server.token}` },
      body: body ?? null,
    }).catch((cause: unknown) => {
      throw new AppError('SERVER_UNREACHABLE', 'unavailable', `The server at ${server.url} does not answer.`, {
        cause,
      });
    });
    const wait = Number(reply.headers['retry-after']);
    return { status: reply.statusCode, retryAfterSeconds: wait > 0 ? wait : undefined, text: await reply.body.text() };
  };
  return toConnection(send, server.url, () => agent.close());
}

/** `token` is the operator's, as admitted by the app's identity. */
export function connectInProcess(app: App, token: string, close: () => Promise<void>): Connection {
  const send: Send = async (method, target, headers, body) => {
    const reply = await app.server.inject({
      method,
      url: target,
      headers: { ...headers, authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { payload: body }),
    });
    const wait = Number(reply.headers['retry-after']);
    return { status: reply.statusCode, retryAfterSeconds: wait > 0 ? wait : undefined, text: reply.payload };
  };
  return toConnection(send, undefined, close);
}

function toConnection(send: Send, url: string | undefined, close: () => Promise<void>): Connection {
  return {
    url,
    close,
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
