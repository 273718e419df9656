/** Every failure leaves the server through here, as a problem, and is logged when it is ours. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, isAppError } from '#platform/errors.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { HttpConfig } from '../config.ts';
import type { Route } from '../route.ts';
import { announcesBody, lingerAfter } from './linger.ts';
import { toProblem } from './problem.ts';
import { securityHeaders } from './security-headers.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    maxBodyBytes?: number;
  }
}

function bodyTooLarge(maxBytes: number | undefined, cause: unknown): AppError {
  return new AppError('BODY_TOO_LARGE', 'too-large', `The body is larger than the ${maxBytes} bytes accepted here.`, {
    details: { maxBytes },
    cause,
  });
}

/** What the framework says, in our words; undefined for everything that is not its. */
function fromFramework(error: Partial<FastifyError>, request: FastifyRequest): AppError | undefined {
  const { code, statusCode } = error;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(request.routeOptions.config.maxBodyBytes, error);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('MEDIA_TYPE_UNSUPPORTED', 'unsupported', 'The content-type header is not a valid one.');
    case 'FST_ERR_BAD_URL':
      return new AppError('URL_INVALID', 'invalid', 'The address is not validly percent-encoded.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new AppError('URL_TOO_LONG', 'invalid', 'A part of the address is longer than accepted.');
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new AppError('REQUEST_MALFORMED', 'invalid', 'The request is not what its head announces.', { cause: error })
        : undefined;
  }
}

function toAppError(thrown: unknown, request: FastifyRequest): unknown {
  if (isAppError(thrown)) return thrown;
  const { abortReason } = request.inFlight;
  if (isAppError(abortReason)) return abortReason;
  return fromFramework(thrown as Partial<FastifyError>, request) ?? thrown;
}

/** Answers `thrown`; a body that was not read to its end costs the connection. */
export function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { logger, config }: { logger: Logger; config: Pick<HttpConfig, 'lingerMs'> },
): void {
  const { requestId, route } = request.inFlight;
  const error = toAppError(thrown, request);
  const { status, body, headers } = toProblem(error, requestId);
  const failure = { requestId, method: request.method, route, error };
  if (status === 500) logger.error('http.request_failed', failure);
  else if (status > 500 && !isAppError(error, 'SERVER_NOT_READY')) logger.warn('http.request_refused', failure);
  if (!request.raw.complete && announcesBody(request.raw)) {
    reply.header('connection', 'close');
    lingerAfter(request.raw, config.lingerMs);
  }
  reply.removeHeader('content-length').removeHeader('set-cookie').removeHeader('content-encoding');
  reply.code(status).headers(headers).header('cache-control', 'no-store').send(JSON.stringify(body));
}

/** Answers an address that the router could not even read; no hook has run, so the headers are set here. */
export function answerUnroutable(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { requestId, lingerMs }: { requestId: string; lingerMs: number },
): void {
  const { status, body, headers } = toProblem(fromFramework(error, request) ?? error, requestId);
  const text = JSON.stringify(body);
  if (announcesBody(request.raw)) lingerAfter(request.raw, lingerMs);
  reply.hijack();
  reply.raw.writeHead(status, {
    ...securityHeaders,
    ...headers,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    'x-request-id': requestId,
    connection: 'close',
  });
  reply.raw.end(text);
}

function createMethodFinder(routes: readonly Route[]) {
  const patterns = routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]*\}/g, '[^/]+')}$`),
  }));
  return (path: string) => [
    ...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
  ];
}

/** Unknown addresses get 404, known ones with another method 405 and `Allow`. */
export function answerUnknownRoutes(app: FastifyInstance, routes: readonly Route[]): void {
  const methodsAt = createMethodFinder(routes);
  app.setNotFoundHandler((request, reply) => {
    const [path = '/'] = request.url.split('?');
    const methods = methodsAt(path);
    if (methods.length === 0) {
      throw new AppError('ROUTE_NOT_FOUND', 'not-found', 'There is nothing at this address.');
    }
    reply.header('allow', methods.join(', '));
    throw new AppError('METHOD_NOT_ALLOWED', 'invalid', `This address accepts ${methods.join(', ')}.`);
  });
}
