import { randomBytes, randomFillSync } from 'node:crypto';

/** Where randomness comes from, so that tests and simulations can own it. */
export type Random = {
  /** `length` bytes of cryptographic strength, given to nobody else. */
  bytes(length: number): Uint8Array;
};

/** One call to the system for many ids: alone, eight bytes cost as much as four thousand. */
const poolBytes = 4096;
let pool = Buffer.alloc(0);
let used = 0;

export const systemRandom: Random = {
  bytes(length) {
    if (length > poolBytes / 8) return randomBytes(length);
    if (used + length > pool.length) {
      // A new buffer: what was handed out is never overwritten.
      pool = randomFillSync(Buffer.allocUnsafeSlow(poolBytes));
      used = 0;
    }
    used += length;
    return pool.subarray(used - length, used);
  },
};
