import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricDefinition } from './metric-definition.ts';

const resolutionMs = 10;

const percentiles = { p50: 50, p99: 99, p999: 99.9 } as const;

const define = (percentile: keyof typeof percentiles): MetricDefinition<never> => ({
  name: `nexus_event_loop_delay_${percentile}_seconds`,
  type: 'gauge',
  help: `How late timers fired, percentile ${percentiles[percentile]}, over the last ten to twenty seconds.`,
  labels: [],
});

/** Event loop delay as it is exported, for the generated reference. */
export const eventLoopMetricDefinitions: readonly MetricDefinition[] = [define('p50'), define('p99'), define('p999')];

/** Registers the three percentiles and starts sampling; returns what stops it. */
export function observeEventLoopDelay(
  watch: (definition: MetricDefinition<never>, read: () => number) => void,
): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let finished: Record<string, number> = {};
  const read = () =>
    Object.fromEntries(
      // The histogram holds the whole interval between two ticks of the sampling timer.
      Object.entries(percentiles).map(([name, percentile]) => [
        name,
        Math.max(0, delay.percentile(percentile) / 1e9 - resolutionMs / 1000),
      ]),
    );
  const timer = setInterval(() => {
    finished = read();
    delay.reset();
  }, 10_000);
  timer.unref();
  for (const name of Object.keys(percentiles) as (keyof typeof percentiles)[]) {
    watch(define(name), () => Math.max(finished[name] ?? 0, delay.count === 0 ? 0 : (read()[name] ?? 0)));
  }
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
