/** Translates what an OpenAI-compatible server or the connection to it says went wrong; the only place that does. */
import { AppError } from '#platform/errors.ts';
import { abortedError } from '../errors.ts';

/** The parts of an error body that the dialect's servers agree on. */
export type ErrorBody = { message: string; type: string; code: string; param: string };

const longestMessage = 300;

/** Reads `{"error": …}` in the shapes that are in use: an object, a string, or a bare `message`. */
export function parseErrorBody(text: string): ErrorBody {
  const body = parseJson(text);
  const error = isRecord(body) ? (body.error ?? body) : undefined;
  if (typeof error === 'string') return { message: error, type: '', code: '', param: '' };
  if (!isRecord(error)) return { message: '', type: '', code: '', param: '' };
  const field = (name: string) => (error[name] === undefined || error[name] === null ? '' : String(error[name]));
  return { message: field('message'), type: field('type'), code: field('code'), param: field('param') };
}

export type Refusal = {
  status: number;
  body: ErrorBody;
  /** The `Retry-After` header: seconds or an HTTP date. */
  retryAfter: string | undefined;
  model: string;
  /** To tell the seconds until a date. */
  now: Date;
};

/** An answer whose status is not 200, or an error in the middle of one (then the status is that of its code). */
export function toRefusalError(refusal: Refusal): AppError {
  const { status, body } = refusal;
  const details = { status, model: refusal.model, ...said(body) };
  if (status === 401 || status === 403) {
    return new AppError(
      'MODEL_KEY_REJECTED',
      'unavailable',
      'The model provider refused the key. Check OPENAI_API_KEY and that it may use the model.',
      { details: { status, model: refusal.model } },
    );
  }
  if (status === 404) {
    return new AppError(
      'MODEL_UNKNOWN',
      'unavailable',
      `The provider does not know the model “${refusal.model}” or the address. Check gateway.model and the base URL.`,
      { details },
    );
  }
  if (status === 429 || status === 402) return limitError(refusal, details);
  if (status >= 300 && status < 400) {
    const message = 'The provider redirects elsewhere, which is not followed. Set the base URL to the final address.';
    return new AppError('MODEL_UNKNOWN', 'unavailable', message, { details });
  }
  if (status >= 500 || status === 408 || status === 409) {
    return new AppError('MODEL_UNAVAILABLE', 'unavailable', 'The model provider failed on its side. Try again.', {
      details: { ...details, ...retryDetails(refusal) },
    });
  }
  if (isTooLong(body)) {
    const message = 'Question and passages are longer than the model can read.';
    return new AppError('MODEL_CONTEXT_TOO_LONG', 'invalid', message, { details });
  }
  return new AppError('MODEL_REQUEST_REFUSED', 'unavailable', 'The model provider refused the request.', { details });
}

function limitError(refusal: Refusal, details: Record<string, unknown>): AppError {
  const { body, status } = refusal;
  if (status === 402 || /insufficient_quota|insufficient_balance|billing/i.test(`${body.code} ${body.type}`)) {
    const message = 'The account at the model provider has no credit left.';
    return new AppError('MODEL_QUOTA_USED_UP', 'unavailable', message, { details });
  }
  const message = 'The model provider asks to slow down. Try again later.';
  return new AppError('MODEL_RATE_LIMITED', 'limit', message, { details: { ...details, ...retryDetails(refusal) } });
}

function isTooLong(body: ErrorBody): boolean {
  return body.code === 'context_length_exceeded' || /context (length|window)|maximum context/i.test(body.message);
}

function said(body: ErrorBody): Record<string, unknown> {
  return body.message === '' ? {} : { providerMessage: body.message.slice(0, longestMessage) };
}

function retryDetails({ retryAfter, now }: Refusal): Record<string, unknown> {
  const seconds = parseRetryAfter(retryAfter, now);
  return seconds === undefined ? {} : { retryAfterSeconds: seconds };
}

/** Seconds to wait, from seconds or an HTTP date; undefined when absent or unreadable. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const instantMs = Date.parse(header);
  return Number.isNaN(instantMs) ? undefined : Math.max(0, Math.ceil((instantMs - now.getTime()) / 1000));
}

const timeouts: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'The model provider did not accept a connection in time.',
  UND_ERR_HEADERS_TIMEOUT: 'The model provider did not begin to answer in time.',
  UND_ERR_BODY_TIMEOUT: 'The model stopped in the middle of its answer.',
};

/** A failure of the connection, by what was happening: `answering` once headers had arrived. */
export function toConnectionError(error: unknown, phase: 'connecting' | 'answering', signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal.aborted) return abortedError(signal);
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : '';
  const timeout = timeouts[code];
  if (timeout !== undefined) return new AppError('MODEL_TIMEOUT', 'timeout', timeout, { cause: error });
  if (phase === 'answering') return streamCutError(error);
  return new AppError('MODEL_UNAVAILABLE', 'unavailable', 'The model provider cannot be reached. Check the base URL.', {
    details: code === '' ? {} : { reason: code },
    cause: error,
  });
}

export function streamCutError(cause?: unknown): AppError {
  return new AppError('MODEL_STREAM_CUT', 'unavailable', 'The answer broke off before its end. Ask again.', { cause });
}

export function invalidAnswerError(what: string, cause?: unknown): AppError {
  const message = `The model provider sent ${what}. Check that the base URL speaks the OpenAI dialect.`;
  return new AppError('MODEL_ANSWER_INVALID', 'unavailable', message, { cause });
}

export function answerTooLargeError(limit: number): AppError {
  const message = 'The model provider sent more than is accepted; the call was stopped.';
  return new AppError('MODEL_ANSWER_TOO_LARGE', 'unavailable', message, { details: { limit } });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value, or undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
