import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bootstrapMean } from './bootstrap.ts';

const options = { resamples: 1_000, seed: 3 };

it('gives the same interval for the same seed and another for another', () => {
  const values = Array.from({ length: 50 }, (_, at) => Math.sin(at));
  expect(bootstrapMean(values, options)).toEqual(bootstrapMean(values, options));
  expect(bootstrapMean(values, options).low).not.toBe(bootstrapMean(values, { ...options, seed: 4 }).low);
});

it('holds the mean, lies inside the values, and is a point where all are equal', () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, (sample) => {
      const { mean, low, high } = bootstrapMean(sample, options);
      expect(low).toBeLessThanOrEqual(mean + 1e-9);
      expect(high).toBeGreaterThanOrEqual(mean - 1e-9);
      expect(low).toBeGreaterThanOrEqual(Math.min(...sample) - 1e-9);
      expect(high).toBeLessThanOrEqual(Math.max(...sample) + 1e-9);
    }),
    { numRuns: 50 },
  );
  const point = bootstrapMean([0.5, 0.5, 0.5], options);
  expect(point).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
});

it('comes near the interval of the normal distribution on a large sample', () => {
  const values = Array.from({ length: 1_000 }, (_, at) => (at % 2 === 0 ? 0 : 1));
  const { low, high } = bootstrapMean(values, { resamples: 4_000, seed: 1 });
  expect(low).toBeCloseTo(0.5 - (1.96 * 0.5) / Math.sqrt(1_000), 2);
  expect(high).toBeCloseTo(0.5 + (1.96 * 0.5) / Math.sqrt(1_000), 2);
});
