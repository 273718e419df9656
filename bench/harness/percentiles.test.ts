import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile, summarise } from './percentiles.ts';

test('takes the nearest rank, never a number that was not measured', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  const { p50, p90, p99, p999, min, max } = summarise(hundred);
  expect({ p50, p90, p99, p999, min, max }).toEqual({ p50: 50, p90: 90, p99: 99, p999: 100, min: 1, max: 100 });
  expect(percentile(hundred, 0.07)).toBe(7);
});

test('gives the only sample for every share', () => {
  expect(summarise([3])).toEqual({ count: 1, mean: 3, min: 3, p50: 3, p90: 3, p99: 3, p999: 3, max: 3 });
});

test('refuses an empty series and a share outside 0 to 1', () => {
  expect(() => summarise([])).toThrow(RangeError);
  expect(() => percentile([1], 1.5)).toThrow(RangeError);
});

test('at least the share of all samples lies at or below the percentile, and no smaller sample does it', () => {
  const samples = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(samples, fc.integer({ min: 0, max: 1000 }), (values, perMille) => {
      const sorted = values.toSorted((a, b) => a - b);
      const value = percentile(sorted, perMille / 1000);
      const atOrBelow = (limit: number) => sorted.filter((sample) => sample <= limit).length * 1000;
      expect(atOrBelow(value)).toBeGreaterThanOrEqual(perMille * sorted.length);
      const smaller = sorted.filter((sample) => sample < value).at(-1);
      if (smaller !== undefined) expect(atOrBelow(smaller)).toBeLessThan(perMille * sorted.length);
    }),
  );
});
