/** The one error class. A domain says what went wrong (kind); only http, cli and queue know how that looks. */

export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'limit'
  | 'too-large'
  | 'unsupported'
  | 'mismatch'
  | 'timeout'
  | 'unavailable'
  | 'storage-full'
  | 'bug';

/** One module's error codes (UPPER_SNAKE, unique in the product), each with one sentence of cause and cure. */
export type ErrorCatalogue = Readonly<Record<string, string>>;

export type ErrorExtras = {
  /** Structured facts for the reader. Never a secret, never the text of a document. */
  details?: Record<string, unknown>;
  /** What was caught. Always kept, never shown outside. */
  cause?: unknown;
};

/** Callers branch on `code`, never on the class. `message` is for the person who reads it and ends with a full stop. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly kind: ErrorKind;
  readonly details: Record<string, unknown>;

  constructor(code: string, kind: ErrorKind, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.kind = kind;
    this.details = extras.details ?? {};
  }
}

/** True for an `AppError`, and, when codes are given, only for one of these. */
export function isAppError(error: unknown, ...codes: string[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** For assumptions that only a mistake of ours can break; `why` says why they must hold. Throws kind `bug`. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AppError('ASSERTION_FAILED', 'bug', why);
}

/** Errors of the ground floor, in the catalogue beside the modules' own. */
export const platformErrors = {
  ASSERTION_FAILED: 'An assumption of the program did not hold. This is a bug: report it with the request id.',
} as const satisfies ErrorCatalogue;
