import type { MetricDefinition } from '#platform/telemetry/metric-definition.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';

const requests = {
  name: 'nexus_http_requests_total',
  type: 'counter',
  help: 'Requests answered, by method, route pattern and status.',
  labels: ['method', 'route', 'status'],
  maxSeries: 1000,
} as const satisfies MetricDefinition;

const duration = {
  name: 'nexus_http_request_duration_seconds',
  type: 'histogram',
  help: 'Time from the request head to the end of the reply; streams count until they end.',
  labels: ['method', 'route'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
} as const satisfies MetricDefinition;

const active = {
  name: 'nexus_http_requests_active',
  type: 'gauge',
  help: 'Requests in flight.',
  labels: [],
} as const satisfies MetricDefinition;

const connections = {
  name: 'nexus_http_connections_active',
  type: 'gauge',
  help: 'Open connections.',
  labels: [],
} as const satisfies MetricDefinition;

const aborted = {
  name: 'nexus_http_requests_aborted_total',
  type: 'counter',
  help: 'Requests whose client went away before the reply was complete.',
  labels: ['method', 'route'],
} as const satisfies MetricDefinition;

const refused = {
  name: 'nexus_http_connections_refused_total',
  type: 'counter',
  help: 'Connections closed at once because the server has as many as it may.',
  labels: [],
} as const satisfies MetricDefinition;

/** The metrics of the HTTP shell, for the generated reference. */
export const httpMetricDefinitions: readonly MetricDefinition[] = [
  requests,
  duration,
  active,
  connections,
  aborted,
  refused,
];

export type FinishedRequest = { method: string; route: string; status: number; seconds: number; complete: boolean };

export type HttpMetrics = { finished(request: FinishedRequest): void; connectionRefused(): void };

/** Registers the metrics of the HTTP shell; `read` is asked at each reading. */
export function createHttpMetrics(
  metrics: Metrics,
  read: { activeRequests(): number; openConnections(): number },
): HttpMetrics {
  const answered = metrics.counter(requests);
  const times = metrics.histogram(duration);
  const gone = metrics.counter(aborted);
  const dropped = metrics.counter(refused);
  metrics.watch(active, read.activeRequests);
  metrics.watch(connections, read.openConnections);
  return {
    finished({ method, route, status, seconds, complete }) {
      if (!complete) {
        gone.increment({ method, route });
        return;
      }
      answered.increment({ method, route, status: String(status) });
      times.observe({ method, route }, seconds);
    },
    connectionRefused: () => dropped.increment({}),
  };
}
