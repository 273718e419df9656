import { randomBytes } from 'node:crypto';

/** Where randomness comes from, so that tests and simulations can own it. */
export type Random = {
  /** `length` bytes of cryptographic strength. */
  bytes(length: number): Uint8Array;
};

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
};
