import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIds, isUuid, madeAtMs } from './ids.ts';
import { systemRandom } from './random.ts';

test('ids grow, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 300 }), (steps) => {
      let nowMs = 1_700_000_000_000;
      const clock = { now: () => new Date(nowMs), monotonicMs: () => 0 };
      const ids = createIds(clock, systemRandom);
      const made = steps.map((step) => {
        nowMs += step;
        return ids.next();
      });
      expect(made.toSorted()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
    }),
  );
});

test('ten thousand ids of one millisecond stay in order and carry version 7', () => {
  const ids = createIds({ now: () => new Date(1_700_000_000_000), monotonicMs: () => 0 }, systemRandom);
  const made = Array.from({ length: 10_000 }, () => ids.next());
  expect(made.toSorted()).toEqual(made);
  expect(made.every((id) => isUuid(id) && id[14] === '7')).toBe(true);
});

test('the first 48 bits are the milliseconds', () => {
  const ids = createIds({ now: () => new Date(0x0123456789ab), monotonicMs: () => 0 }, systemRandom);
  expect(ids.next().slice(0, 13)).toBe('01234567-89ab');
  expect(madeAtMs(ids.next())).toBe(0x0123456789ab);
});

test('a clock that was a year ahead does not leave ids in the future when it is set right', () => {
  let nowMs = 1_700_000_000_000;
  const ids = createIds({ now: () => new Date(nowMs), monotonicMs: () => 0 }, systemRandom);
  nowMs += 400 * 86_400_000;
  const ahead = ids.next();
  nowMs -= 400 * 86_400_000;
  expect(ids.next() < ahead).toBe(true);
});
