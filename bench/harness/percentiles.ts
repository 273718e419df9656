/** Order statistics of measured samples. */

export type Summary = {
  count: number;
  mean: number;
  min: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
};

/** What is told of a series where the exact tail does not matter, or is known by buckets only. */
export type Quantiles = { count: number; mean: number; p50: number; p95: number; p99: number };

/** Nearest rank: the smallest sample that at least `share` (0–1) of all samples do not exceed; never interpolated. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('A percentile needs at least one sample.');
  if (!(share >= 0 && share <= 1)) throw new RangeError(`A share lies between 0 and 1, not ${share}.`);
  // The tolerance keeps 0.07 × 100 = 7.000000000000001 at rank 7.
  const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
  return sorted[rank - 1] ?? Number.NaN;
}

/** All figures of one series; the order of the samples does not matter. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = Float64Array.from(samples).sort();
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length,
    min: percentile(sorted, 0),
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: percentile(sorted, 1),
  };
}

export function quantilesOf(samples: readonly number[]): Quantiles {
  const sorted = Float64Array.from(samples).sort();
  const mean = sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length;
  const [p50 = 0, p95 = 0, p99 = 0] = [0.5, 0.95, 0.99].map((share) => percentile(sorted, share));
  return { count: sorted.length, mean, p50, p95, p99 };
}
