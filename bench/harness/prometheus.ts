/** What a bench reads from the product's own /metrics: histograms between two readings, without a private hook. */
import type { Quantiles } from './percentiles.ts';

/** Cumulative counts by upper bound, as they are exported. */
export type HistogramReading = { sum: number; count: number; buckets: ReadonlyMap<number, number> };

/** The histogram's series by the value of one label. */
export function readHistogram(metrics: string, name: string, label: string): Map<string, HistogramReading> {
  const series = new Map<string, { sum: number; count: number; buckets: Map<number, number> }>();
  for (const { suffix, labels, value } of linesOf(metrics, name)) {
    const key = labels.get(label);
    if (key === undefined) continue;
    const reading = series.get(key) ?? { sum: 0, count: 0, buckets: new Map<number, number>() };
    series.set(key, reading);
    if (suffix === '_sum') reading.sum = value;
    if (suffix === '_count') reading.count = value;
    if (suffix === '_bucket') reading.buckets.set(toBound(labels.get('le')), value);
  }
  return series;
}

/** A counter's values by one label. */
export function readCounter(metrics: string, name: string, label: string): Map<string, number> {
  const lines = linesOf(metrics, name).filter(({ suffix }) => suffix === '');
  return new Map(lines.map(({ labels, value }) => [labels.get(label) ?? '', value]));
}

/** A gauge without labels; NaN when there is none. */
export function readGauge(metrics: string, name: string): number {
  return linesOf(metrics, name).find(({ suffix }) => suffix === '')?.value ?? Number.NaN;
}

function linesOf(metrics: string, name: string) {
  return metrics.split('\n').flatMap((line) => {
    const match = /^(\w+?)(_bucket|_sum|_count)?(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) return [];
    const [, base = '', suffix = '', labels = '', value = ''] = match;
    if (base !== name && base + suffix !== name) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text] as const);
    return [{ suffix: base === name ? suffix : '', labels: new Map(pairs), value: Number(value) }];
  });
}

const toBound = (text: string | undefined): number => (text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text));

/** What came in between two readings; `before` undefined: everything. */
export function between(before: HistogramReading | undefined, after: HistogramReading): HistogramReading {
  const buckets = [...after.buckets].map(
    ([bound, count]) => [bound, count - (before?.buckets.get(bound) ?? 0)] as const,
  );
  return { sum: after.sum - (before?.sum ?? 0), count: after.count - (before?.count ?? 0), buckets: new Map(buckets) };
}

/** Percentiles by linear interpolation inside a bucket, so as exact as the buckets are narrow. `scale` changes the unit. */
export function quantilesOfHistogram({ sum, count, buckets }: HistogramReading, scale = 1): Quantiles {
  const sorted = [...buckets].sort(([left], [right]) => left - right);
  const at = (share: number): number => {
    const wanted = share * count;
    let lower = { bound: 0, count: 0 };
    for (const [bound, cumulated] of sorted) {
      if (cumulated >= wanted && cumulated > lower.count) {
        if (bound === Number.POSITIVE_INFINITY) return lower.bound * scale;
        const inside = (wanted - lower.count) / (cumulated - lower.count);
        return (lower.bound + inside * (bound - lower.bound)) * scale;
      }
      lower = { bound, count: cumulated };
    }
    return Number.NaN;
  };
  return { count, mean: (sum / count) * scale, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
