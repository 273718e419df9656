import type { ErrorKind } from '#platform/errors.ts';

/** What the shell sees for each kind of error. `docs/reference/errors.md` lists them. */
export const exitCodes: Readonly<Record<ErrorKind, number>> = {
  bug: 1,
  invalid: 2,
  'too-large': 2,
  unsupported: 2,
  mismatch: 2,
  unauthenticated: 3,
  forbidden: 3,
  'not-found': 4,
  conflict: 5,
  limit: 6,
  unavailable: 7,
  timeout: 7,
  'storage-full': 7,
};
