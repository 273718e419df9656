import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { httpMetricDefinitions } from '../http/server/http-metrics.ts';
import { eventLoopMetricDefinitions } from './event-loop-delay.ts';
import { createMetrics } from './metrics.ts';
import { readProcessMemory } from './process-memory.ts';

const counted = { name: 'nexus_sample_things_total', type: 'counter', help: 'Things.', labels: ['sort'] } as const;

describe('metrics', () => {
  test('count, set, observe and watch', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.counter(counted).increment({ sort: 'a' }, 2);
    metrics.gauge({ ...counted, name: 'nexus_sample_depth', type: 'gauge' }).add({ sort: 'b' }, 3);
    metrics
      .histogram({ ...counted, name: 'nexus_sample_seconds', type: 'histogram', buckets: [1, 2] })
      .observe({ sort: 'c' }, 1.5);
    metrics.watch({ name: 'nexus_sample_now', type: 'gauge', help: 'Now.', labels: [] }, () => 7);
    const text = await metrics.render();
    for (const line of [
      'nexus_sample_things_total{sort="a"} 2',
      'nexus_sample_depth{sort="b"} 3',
      'nexus_sample_seconds_bucket{le="2",sort="c"} 1',
      'nexus_sample_now 7',
    ])
      expect(text).toContain(line);
  });

  test('fold further label values into one when there are too many', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const counter = metrics.counter({ ...counted, maxSeries: 10 });
    for (let count = 0; count < 1000; count += 1) counter.increment({ sort: `value-${count}` });
    counter.increment({ sort: 'value-3' });
    const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('nexus_sample'));
    expect(lines).toHaveLength(11);
    expect(lines).toContain('nexus_sample_things_total{sort="other"} 990');
    expect(lines).toContain('nexus_sample_things_total{sort="value-3"} 2');
  });

  test('refuse names and labels outside the convention', () => {
    const metrics = createMetrics({ processMetrics: false });
    for (const bad of [
      { name: 'things_total' },
      { name: 'nexus_Things' },
      { labels: ['Sort'] as never },
      { help: '' },
    ]) {
      expect(() => metrics.counter({ ...counted, ...bad })).toThrow(expect.toSatisfy(isAppError));
    }
  });

  test('measure the process and how late its timers are', async () => {
    const metrics = createMetrics();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const until = performance.now() + 120;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const text = await metrics.render();
    metrics.close();
    expect(text).toContain('nexus_process_resident_memory_bytes');
    expect(text).not.toContain('eventloop_lag');
    const late = Number(/nexus_event_loop_delay_p999_seconds ([\d.e-]+)/.exec(text)?.[1]);
    expect(late).toBeGreaterThan(0.08);
    expect(late).toBeLessThan(2);
  });

  test('are defined once each, by the convention', () => {
    const definitions = [...httpMetricDefinitions, ...eventLoopMetricDefinitions];
    expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
    expect(definitions.every(({ name, help }) => name.startsWith('nexus_') && help.endsWith('.'))).toBe(true);
  });
});

test.runIf(process.platform === 'linux')(
  'tells the memory of processes and leaves out those that are gone',
  async () => {
    const [own, ...others] = await readProcessMemory([process.pid, 2 ** 30]);
    expect(others).toEqual([]);
    expect(own?.pid).toBe(process.pid);
    expect(own?.pssBytes).toBeGreaterThan(10 * 1024 ** 2);
    expect(own?.rssBytes).toBeGreaterThanOrEqual(own?.pssBytes ?? 0);
  },
);
