import type { ErrorCatalogue } from '../errors.ts';

export const idempotencyErrors = {
  IDEMPOTENCY_KEY_INVALID: 'An Idempotency-Key is 8 to 255 visible ASCII characters. Use a random UUID.',
  IDEMPOTENCY_KEY_REUSED:
    'The Idempotency-Key came with another request before. Use a new key for a new request; the same key only repeats the same one.',
  IDEMPOTENCY_IN_FLIGHT: 'A request with this Idempotency-Key is still being carried out. Ask again after Retry-After.',
  IDEMPOTENCY_OUTCOME_UNKNOWN:
    'The first request with this Idempotency-Key made its change and was cut off before its reply was kept. It is not carried out again: read what it made, and use a new key only if it is not there.',
  IDEMPOTENCY_LOCK_LOST:
    'The request took so long that another one with the same Idempotency-Key took its place. Its change was rolled back.',
} as const satisfies ErrorCatalogue;
