import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { assert } from '../errors.ts';
import { observeEventLoopDelay } from './event-loop-delay.ts';
import type { MetricDefinition } from './metric-definition.ts';

type Labels<Label extends string> = Readonly<Record<Label, string>>;

export type CounterMetric<Label extends string> = { increment(labels: Labels<Label>, by?: number): void };
export type GaugeMetric<Label extends string> = {
  set(labels: Labels<Label>, value: number): void;
  add(labels: Labels<Label>, change: number): void;
};
export type HistogramMetric<Label extends string> = { observe(labels: Labels<Label>, value: number): void };

export type Metrics = {
  counter<const Label extends string>(definition: MetricDefinition<Label>): CounterMetric<Label>;
  gauge<const Label extends string>(definition: MetricDefinition<Label>): GaugeMetric<Label>;
  histogram<const Label extends string>(definition: MetricDefinition<Label>): HistogramMetric<Label>;
  /** A gauge without labels whose value is asked for at each reading. */
  watch(definition: MetricDefinition<never>, read: () => number): void;
  /** The Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
  /** Stops the sampling of the event loop. */
  close(): void;
};

const validName = /^nexus_[a-z][a-z0-9_]*$/;
const validLabel = /^[a-z][a-z0-9_]*$/;
const defaultMaxSeries = 500;

function checkDefinition({ name, labels, help }: MetricDefinition): void {
  assert(validName.test(name), `A metric's name must start with nexus_ and be snake_case, unlike ${name}.`);
  assert(
    labels.every((label) => validLabel.test(label)),
    `The labels of ${name} must be snake_case.`,
  );
  assert(help.length > 0, `${name} needs a sentence of help.`);
}

/** Lets the first `maxSeries` combinations of label values through, and folds all later ones into `other`. */
function boundLabels<Label extends string>({ labels, maxSeries = defaultMaxSeries }: MetricDefinition<Label>) {
  const seen = new Set<string>();
  const other = Object.fromEntries(labels.map((label) => [label, 'other'])) as Labels<Label>;
  return (values: Labels<Label>): Labels<Label> => {
    const key = labels.map((label) => values[label]).join('\u0000');
    if (seen.has(key)) return values;
    if (seen.size >= maxSeries) return other;
    seen.add(key);
    return values;
  };
}

/** A registry of its own with the process's metrics in it; `processMetrics: false` leaves those out, for tests. */
export function createMetrics({ processMetrics = true }: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const register = <Label extends string>({ name, help, labels }: MetricDefinition<Label>) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  const metrics: Metrics = {
    counter(definition) {
      checkDefinition(definition);
      const counter = new Counter(register(definition));
      const bound = boundLabels(definition);
      return { increment: (labels, by = 1) => counter.inc(bound(labels), by) };
    },
    gauge(definition) {
      checkDefinition(definition);
      const gauge = new Gauge(register(definition));
      const bound = boundLabels(definition);
      return {
        set: (labels, value) => gauge.set(bound(labels), value),
        add: (labels, change) => gauge.inc(bound(labels), change),
      };
    },
    histogram(definition) {
      checkDefinition(definition);
      const { buckets } = definition;
      const histogram = new Histogram({
        ...register(definition),
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
      });
      const bound = boundLabels(definition);
      return { observe: (labels, value) => histogram.observe(bound(labels), value) };
    },
    watch(definition, read) {
      checkDefinition(definition);
      new Gauge({
        ...register(definition),
        collect() {
          this.set(read());
        },
      });
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => undefined,
  };
  if (!processMetrics) return metrics;
  collectDefaultMetrics({ register: registry, prefix: 'nexus_' });
  for (const { name } of registry.getMetricsAsArray()) {
    // Ours below says the same with the percentiles that we alert on.
    if (name.startsWith('nexus_nodejs_eventloop_lag')) registry.removeSingleMetric(name);
  }
  return { ...metrics, close: observeEventLoopDelay(metrics.watch) };
}
