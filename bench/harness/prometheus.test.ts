import { expect, test } from 'vitest';
import { between, quantilesOfHistogram, readCounter, readGauge, readHistogram } from './prometheus.ts';

const first = `# TYPE nexus_wait_seconds histogram
nexus_wait_seconds_bucket{le="1",stage="a"} 10
nexus_wait_seconds_bucket{le="2",stage="a"} 10
nexus_wait_seconds_bucket{le="+Inf",stage="a"} 10
nexus_wait_seconds_sum{stage="a"} 5
nexus_wait_seconds_count{stage="a"} 10
nexus_things_total{stage="a"} 4
nexus_delay 0.25
`;
const second = first
  .replace('le="2",stage="a"} 10', 'le="2",stage="a"} 108')
  .replace('le="+Inf",stage="a"} 10', 'le="+Inf",stage="a"} 110')
  .replace('_sum{stage="a"} 5', '_sum{stage="a"} 155')
  .replace('_count{stage="a"} 10', '_count{stage="a"} 110');

const readOf = (text: string) => readHistogram(text, 'nexus_wait_seconds', 'stage').get('a');

test('reads histograms, counters and gauges', () => {
  expect(readOf(first)).toMatchObject({ sum: 5, count: 10 });
  expect(readCounter(first, 'nexus_things_total', 'stage').get('a')).toBe(4);
  expect(readGauge(first, 'nexus_delay')).toBe(0.25);
  expect(readGauge(first, 'nexus_absent')).toBeNaN();
});

test('measures only what came in between', () => {
  const [before, after] = [readOf(first), readOf(second)];
  if (after === undefined) throw new Error('It is there.');
  const quantiles = quantilesOfHistogram(between(before, after), 1000);
  expect(quantiles.count).toBe(100);
  expect(quantiles.mean).toBe(1500);
  expect(quantiles.p50).toBeCloseTo(1000 + 1000 * (50 / 98));
  // In the last bucket, which has no end: at least its beginning.
  expect(quantiles.p99).toBe(2000);
});
