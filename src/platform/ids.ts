import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** Makes identifiers: UUIDv7 (RFC 9562), so that ids sort by the time of their making. */
export type Ids = {
  /** A new id, larger than every earlier one of this process, even when the clock jumps back by less than an hour. */
  next(): string;
};

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for a lower-case RFC 9562 UUID of any version. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** When an id of `Ids` was made by its maker's clock, in Unix milliseconds. */
export const madeAtMs = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** A clock that was this far ahead was wrong: order is given up rather than making ids of the future for ever. */
const mostAheadMs = 3_600_000;

/** Monotonic UUIDv7: 48 bits of milliseconds, a 12-bit counter within the millisecond, 62 random bits. */
export function createIds(clock: Clock, random: Random): Ids {
  let lastMs = 0;
  let counter = 0;
  return {
    next() {
      const nowMs = clock.now().getTime();
      if (nowMs > lastMs || lastMs - nowMs > mostAheadMs) {
        lastMs = nowMs;
        counter = 0;
      } else if (counter === 0xfff) {
        lastMs += 1;
        counter = 0;
      } else {
        counter += 1;
      }
      const tail = random.bytes(8);
      tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80;
      const time = lastMs.toString(16).padStart(12, '0');
      const tailHex = Buffer.from(tail).toString('hex');
      const sequence = counter.toString(16).padStart(3, '0');
      return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${tailHex.slice(0, 4)}-${tailHex.slice(4)}`;
    },
  };
}
