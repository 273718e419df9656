/** A mean with the range that holds it in 95 of 100 such samples. */
export type Interval = { mean: number; low: number; high: number };

export type BootstrapOptions = {
  /** How often the sample is drawn again. */
  resamples: number;
  /** The same seed gives the same intervals. Whole number. */
  seed: number;
};

/**
 * Percentile bootstrap over queries. With the same seed and length every call draws the same queries, so intervals of
 * several measures belong together, and one over differences is a paired one. The sample must not be empty.
 */
export function bootstrapMean(values: readonly number[], { resamples, seed }: BootstrapOptions): Interval {
  const random = createGenerator(seed);
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw += 1) sum += values[Math.floor(random() * values.length)] ?? 0;
    means[resample] = sum / values.length;
  }
  means.sort();
  const quantile = (share: number): number => means[Math.round(share * (resamples - 1))] ?? 0;
  return { mean: meanOf(values), low: quantile(0.025), high: quantile(0.975) };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mulberry32: small, seedable, good enough to draw samples; not for secrets. Numbers in [0, 1). */
function createGenerator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
