/** Puts one row of the route table on the server: who may ask, what is asked, what is answered. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '#platform/errors.ts';
import type { Admission, Idempotency, KeptReply } from '#platform/idempotency/idempotency.ts';
import type { Caller } from '#platform/permissions.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { runInRequestContext } from '#platform/telemetry/request-context.ts';
import type { HttpConfig } from '../config.ts';
import { sendEventStream } from '../reply/event-stream.ts';
import { toProblem } from '../reply/problem.ts';
import { formatCookie } from '../request/cookies.ts';
import { createRequestParser } from '../request/parse-request.ts';
import { type RequestHeaders, refuseCrossSite } from '../request/request-guards.ts';
import type { RequestInFlight } from '../request/requests-in-flight.ts';
import { type Route, type RouteCall, type RouteReply, takesIdempotencyKey } from '../route.ts';
import { admitOnce, idempotencyHeader, keepEvents, keepFailure } from './serve-once.ts';

declare module 'fastify' {
  interface FastifyRequest {
    inFlight: RequestInFlight;
  }
}

/** Finds out who asks, and bounds its own time. Undefined: no valid credential. Throws AppError only. */
export type Authenticate = (headers: RequestHeaders) => Promise<Caller | undefined>;

export type Shell = {
  config: HttpConfig;
  logger: Logger;
  authenticate: Authenticate;
  /** Undefined: keys are not looked at. */
  idempotency: Idempotency | undefined;
};

const maxUndeclaredBodyBytes = 1024;

const hasCredential = ({ authorization, cookie, 'x-api-key': key }: RequestHeaders) =>
  authorization !== undefined || cookie !== undefined || key !== undefined;

/** Fail-closed: whatever is not clearly allowed is refused, before any byte of the body is read. */
function createGate({ path, permission, ignoresCredentials }: Route, { authenticate }: Shell) {
  return async (request: FastifyRequest): Promise<void> => {
    const { inFlight, headers } = request;
    inFlight.route = path;
    refuseCrossSite(request);
    if (permission === 'public' && (ignoresCredentials === true || !hasCredential(headers))) return;
    const caller = await authenticate(headers);
    inFlight.caller = caller;
    if (permission === 'public') return;
    if (caller === undefined) {
      throw new AppError('CREDENTIAL_MISSING', 'unauthenticated', 'No valid credential came with this request.');
    }
    if (!caller.permissions.has(permission)) {
      throw new AppError('PERMISSION_MISSING', 'forbidden', `This needs the permission ${permission}.`, {
        details: { permission },
      });
    }
  };
}

/** Rejects when the time is up even if the work ignores its signal. */
function withTimeLimit<Result>(work: () => Promise<Result>, limitMs: number, inFlight: RequestInFlight) {
  return new Promise<Result>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new AppError('HANDLER_TIMEOUT', 'timeout', 'The answer took longer than allowed.', {
        details: { limitMs },
      });
      inFlight.abort(error);
      reject(error);
    }, limitMs);
    const settle = <Value>(outcome: (value: Value) => void) => {
      return (value: Value) => {
        clearTimeout(timer);
        outcome(value);
      };
    };
    work().then(settle(resolve), settle(reject));
  });
}

type PlainReply = Exclude<RouteReply, { events: unknown }>;

/** A text or bytes that say themselves what they are. */
const isReady = ({ body, headers }: PlainReply) =>
  (typeof body === 'string' || Buffer.isBuffer(body)) && headers?.['content-type'] !== undefined;

function checkReply({ method, path, responses }: Route, answer: PlainReply): void {
  const { status, body } = answer;
  const declared = responses[status];
  const broken = (why: string) => new AppError('REPLY_BROKEN', 'bug', `${method} ${path} answered ${status} ${why}.`);
  if (declared === undefined) throw broken('without declaring it');
  if (declared === 'events') throw broken('with a body where it declares events');
  if (declared === null) {
    if (body !== undefined) throw broken('with a body where it declares none');
    return;
  }
  if (isReady(answer)) return;
  const result = declared.safeParse(body);
  if (!result.success) throw broken(`with a body that breaks its contract: ${JSON.stringify(result.error.issues)}`);
}

/** What goes over the wire. A text can be kept for the same request coming again. */
type WireReply = Omit<KeptReply, 'body'> & { body: string | Buffer };

function toWire(answer: PlainReply, secure: boolean): WireReply {
  const { status, body, headers = {}, cookies = [] } = answer;
  const head = { status, cookies: cookies.map((cookie) => formatCookie(cookie, secure)) };
  if (body === undefined) return { ...head, headers, body: '' };
  if (isReady(answer)) return { ...head, headers, body: body as string | Buffer };
  const json = { ...headers, 'content-type': 'application/json; charset=utf-8' };
  return { ...head, headers: json, body: JSON.stringify(body) };
}

function sendWire(reply: FastifyReply, { status, headers, cookies, body }: WireReply): FastifyReply {
  reply.code(status).headers(headers);
  for (const cookie of cookies) reply.header('set-cookie', cookie);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  return body === '' ? reply.send() : reply.send(body);
}

async function sendEvents(
  { inFlight, log }: { inFlight: RequestInFlight; log: Logger },
  reply: FastifyReply,
  events: Extract<RouteReply, { events: unknown }>['events'],
  config: HttpConfig,
): Promise<FastifyReply> {
  const { raw: response } = reply;
  inFlight.isStream = true;
  const timer = setTimeout(
    () => inFlight.abort(new AppError('STREAM_TIMEOUT', 'timeout', 'The stream lasted longer than allowed.')),
    config.streamTimeoutMs,
  );
  try {
    await sendEventStream({
      events,
      response,
      signal: inFlight.signal,
      limits: config,
      start() {
        reply.hijack();
        response.writeHead(200, {
          ...(reply.getHeaders() as Record<string, string>),
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
        response.flushHeaders();
      },
      presentFailure(error) {
        const { status, body } = toProblem(error, inFlight.requestId);
        if (status === 500) log.error('http.stream_failed', { route: inFlight.route, error });
        return body;
      },
    });
  } finally {
    clearTimeout(timer);
  }
  return reply;
}

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

/** Registers the row. Unknown fields, missing permissions and oversized bodies never reach its `handle`. */
export function registerRoute(app: FastifyInstance, route: Route, shell: Shell): void {
  const { config, logger: log, idempotency } = shell;
  const maxKeptBytes = idempotency?.maxReplyBytes ?? 0;
  const takesKey = takesIdempotencyKey(route);
  const parse = createRequestParser(route, config.maxJsonDepth);
  const handle = route.handle as (call: RouteCall<unknown, unknown, unknown, unknown>) => Promise<RouteReply>;
  const limitMs = route.timeoutMs ?? config.handlerTimeoutMs;
  const bodyLimit =
    route.request.body === undefined ? maxUndeclaredBodyBytes : (route.maxBodyBytes ?? config.maxBodyBytes);

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { inFlight, headers } = request;
    const secure = request.protocol === 'https';
    const { params, query, body } = parse({
      params: request.params,
      query: request.query,
      body: request.body as Buffer | undefined,
      contentType: headers['content-type'],
      contentEncoding: firstOf(headers['content-encoding']),
    });
    const { caller, requestId } = inFlight;
    const call = {
      caller,
      params,
      query,
      body,
      headers,
      requestId,
      secure,
      get signal() {
        return inFlight.signal;
      },
    };
    const carryOut = async (admission?: Admission): Promise<FastifyReply> => {
      const answer = await withTimeLimit(async () => handle(call), limitMs, inFlight);
      if ('events' in answer) {
        const events = admission === undefined ? answer.events : keepEvents(answer.events, admission, maxKeptBytes);
        return sendEvents({ inFlight, log }, reply, events, config);
      }
      if (config.checkReplies) checkReply(route, answer);
      const wire = toWire(answer, secure);
      const { body: text } = wire;
      // Kept before it is sent: what the sender has seen is what is repeated.
      if (typeof text === 'string' && text.length <= maxKeptBytes) await admission?.keep({ ...wire, body: text });
      return sendWire(reply, wire);
    };
    const key = firstOf(headers[idempotencyHeader]);
    if (key === undefined || caller === undefined || idempotency === undefined || !takesKey) return carryOut();
    const found = await admitOnce(idempotency, {
      route,
      caller,
      key,
      target: request.url,
      body: request.body as Buffer | undefined,
    });
    if ('reply' in found) return sendWire(reply.header('idempotency-replayed', 'true'), found.reply);
    const { admission } = found;
    try {
      return await admission.run(() => carryOut(admission));
    } catch (error) {
      await keepFailure(admission, error, requestId);
      throw error;
    }
  }

  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{([a-z0-9_]+)\}/g, ':$1'),
    bodyLimit,
    config: { maxBodyBytes: bodyLimit },
    onRequest: createGate(route, shell),
    handler(request, reply) {
      const { requestId, caller } = request.inFlight;
      const context = caller === undefined ? { requestId } : { requestId, organizationId: caller.organizationId };
      return runInRequestContext(context, () => serve(request, reply));
    },
  });
}
