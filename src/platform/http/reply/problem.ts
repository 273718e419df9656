/** Errors as RFC 9457 problems: the only place where a kind becomes a status. */
import { z } from 'zod';
import { AppError, type ErrorKind, isAppError } from '#platform/errors.ts';

const statusOf: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  unsupported: 415,
  mismatch: 422,
  limit: 429,
  bug: 500,
  unavailable: 503,
  timeout: 504,
  'storage-full': 507,
};

/** What only HTTP knows finer than a kind says. */
const statusOfCode: Readonly<Record<string, number>> = {
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  URL_TOO_LONG: 414,
  HEAD_TOO_LARGE: 431,
};

const titles: Readonly<Record<number, string>> = {
  400: 'Invalid request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  422: 'Mismatch',
  429: 'Too many requests',
  431: 'Request head too large',
  500: 'Internal error',
  503: 'Unavailable',
  504: 'Timeout',
  507: 'Storage full',
};

/** The body of every error reply. */
export const problemSchema = z.looseObject({
  type: z.string().describe('Names the kind of problem: `urn:nexus:problem:` and the code in lower case.'),
  title: z.string().describe('The status in words.'),
  status: z.number().int().describe('The HTTP status again.'),
  code: z.string().describe('What programs branch on; see the error reference.'),
  message: z.string().describe('For the person who reads it.'),
  detail: z.string().describe('The message again, under the name that RFC 9457 gives it.'),
  details: z.record(z.string(), z.unknown()).describe('Structured facts.'),
  request_id: z.string().describe('Finds the request in the log.'),
});

export type Problem = z.output<typeof problemSchema>;

const maxDetailDepth = 6;
const defaultRetryAfterSeconds = 1;

const toSnakeCase = (key: string) => key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/** Details are camelCase inside and snake_case outside; bounded, since an error may carry anything. */
function presentDetails(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  if (depth >= maxDetailDepth) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => presentDetails(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [toSnakeCase(key), presentDetails(item, depth + 1)]),
  );
}

/** What outsiders may see of an error: an expected one as it is, any other one without a word of its text. */
function presentableError(error: unknown): AppError {
  if (isAppError(error) && error.kind !== 'bug') return error;
  return new AppError(
    'INTERNAL_ERROR',
    'bug',
    'Something went wrong inside the server. The request id finds it in the log.',
    {
      cause: error,
    },
  );
}

function retryAfterSeconds({ kind, details }: AppError): number | undefined {
  const { retryAfterMs, retryAfterSeconds: seconds } = details;
  if (typeof retryAfterMs === 'number') return Math.max(1, Math.ceil(retryAfterMs / 1000));
  if (typeof seconds === 'number') return Math.max(1, Math.ceil(seconds));
  return kind === 'unavailable' ? defaultRetryAfterSeconds : undefined;
}

export type ProblemReply = { status: number; body: Problem; headers: Record<string, string> };

/** The reply for anything that was thrown. */
export function toProblem(thrown: unknown, requestId: string): ProblemReply {
  const error = presentableError(thrown);
  const status = statusOfCode[error.code] ?? statusOf[error.kind];
  const retryAfter = retryAfterSeconds(error);
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="nexus"';
  const body = {
    type: `urn:nexus:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: titles[status] ?? 'Error',
    status,
    code: error.code,
    message: error.message,
    detail: error.message,
    details: presentDetails(error.details) as Record<string, unknown>,
    request_id: requestId,
  };
  return { status, body, headers };
}
