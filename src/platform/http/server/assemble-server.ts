/** The Fastify server under the table: what happens to every request, whichever route it is for. */
import type { ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { Idempotency } from '#platform/idempotency/idempotency.ts';
import type { Ids } from '#platform/ids.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import type { HttpConfig } from '../config.ts';
import { answerError, answerUnknownRoutes, answerUnroutable } from '../reply/answer-errors.ts';
import { answerClientError } from '../reply/client-errors.ts';
import { securityHeaders } from '../reply/security-headers.ts';
import { guardBodyMemory } from '../request/body-budget.ts';
import { createHostGuard } from '../request/request-guards.ts';
import type { RequestsInFlight } from '../request/requests-in-flight.ts';
import type { Route } from '../route.ts';
import { checkRoutes } from '../table/check-routes.ts';
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts';
import { type Authenticate, registerRoute } from './register-route.ts';
import { registerStaticPage } from './static-page.ts';

export type ServerParts = {
  routes: readonly Route[];
  authenticate: Authenticate;
  idempotency: Idempotency | undefined;
  config: HttpConfig;
  logger: Logger;
  /** Undefined: this server is not measured. */
  metrics: Metrics | undefined;
  ids: Ids;
  clock: Clock;
  staticDirectory: string | undefined;
  inFlight: RequestsInFlight;
  isDraining(): boolean;
};

const safeRequestId = /^[\w.:-]{1,128}$/;
const maxParameterLength = 500;
const connectionsCheckMs = 1000;

function createFastify(config: HttpConfig, ids: Ids): FastifyInstance {
  const serverOptions: ServerOptions = {
    maxHeaderSize: config.maxHeaderBytes,
    headersTimeout: config.headersTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    connectionsCheckingInterval: connectionsCheckMs,
  };
  return fastify({
    http: serverOptions,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: config.keepAliveTimeoutMs,
    bodyLimit: config.maxBodyBytes,
    trustProxy: config.trustProxy.length === 0 ? false : config.trustProxy,
    routerOptions: { maxParamLength: maxParameterLength },
    return503OnClosing: false,
    requestIdHeader: false,
    frameworkErrors: (error, request, reply) =>
      answerUnroutable(error, request, reply, { requestId: ids.next(), lingerMs: config.lingerMs }),
    clientErrorHandler: (error, socket) => answerClientError(error, socket as Socket, ids.next()),
  });
}

type Watch = ServerParts & { measures: HttpMetrics | undefined };

/** One id made per server and a counter: as unique as a UUID for each request, and several times cheaper. */
function createRequestIds(ids: Ids): () => string {
  const server = ids.next();
  let made = 0;
  return () => {
    made += 1;
    return `${server}.${made.toString(36)}`;
  };
}

/** Counts and logs a request once its connection is done with it, however that came. */
function observeEnd(request: FastifyRequest, { raw: response }: FastifyReply, watch: Watch): void {
  const { config, logger, clock, inFlight, measures } = watch;
  const { inFlight: present, method } = request;
  let complete = false;
  response.on('finish', () => {
    complete = true;
  });
  response.on('close', () => {
    const durationMs = clock.monotonicMs() - present.startedMs;
    const { route, requestId } = present;
    const status = response.statusCode;
    if (!complete) present.abort(new AppError('CLIENT_GONE', 'timeout', 'The client closed the connection.'));
    inFlight.end(present);
    measures?.finished({ method, route, status, seconds: durationMs / 1000, complete });
    // A stream is long on purpose.
    const slow = durationMs > config.slowRequestMs && !present.isStream;
    if (!slow && !config.logRequests) return;
    logger.info(slow ? 'http.request_slow' : 'http.request_finished', {
      requestId,
      organizationId: present.caller?.organizationId,
      method,
      route,
      status,
      complete,
      durationMs: Math.round(durationMs * 10) / 10,
    });
  });
}

/** What happens to every request first: it gets an id and its headers, is counted, and its host is checked. */
function guardEntrance(app: FastifyInstance, entrance: Watch): void {
  const { config, clock, ids, inFlight } = entrance;
  const checkHost = createHostGuard(config);
  const nextRequestId = createRequestIds(ids);
  app.decorateRequest('inFlight');
  app.addHook('onRequest', (request, reply, done) => {
    const asked = request.headers['x-request-id'];
    const requestId = typeof asked === 'string' && safeRequestId.test(asked) ? asked : nextRequestId();
    request.inFlight = inFlight.begin(requestId, clock.monotonicMs());
    observeEnd(request, reply, entrance);
    reply.headers(securityHeaders).header('x-request-id', requestId);
    if (entrance.isDraining()) reply.header('connection', 'close');
    checkHost(request.headers.host);
    done();
  });
}

function readBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function watchConnections(app: FastifyInstance, { config, logger, metrics, inFlight }: ServerParts) {
  let open = 0;
  const measures =
    metrics && createHttpMetrics(metrics, { activeRequests: () => inFlight.count, openConnections: () => open });
  app.server.maxConnections = config.maxConnections;
  app.server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
  app.server.on('drop', () => {
    measures?.connectionRefused();
    logger.debug('http.connection_refused', { maxConnections: config.maxConnections });
  });
  return measures;
}

/** Builds the server without opening anything. Throws ROUTE_TABLE_INVALID. */
export async function assembleServer(parts: ServerParts): Promise<FastifyInstance> {
  const { routes, config, logger, authenticate, idempotency, staticDirectory } = parts;
  checkRoutes(routes);
  const app = createFastify(config, parts.ids);
  guardEntrance(app, { ...parts, measures: watchConnections(app, parts) });
  readBodiesAsBytes(app);
  guardBodyMemory(app, config);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, { logger, config }));
  answerUnknownRoutes(app, routes);
  for (const route of routes) registerRoute(app, route, { config, logger, authenticate, idempotency });
  if (staticDirectory !== undefined) await registerStaticPage(app, staticDirectory);
  await app.ready();
  return app;
}
