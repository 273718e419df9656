import type { Clock } from '../../clock.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Event } from '../ports.ts';
import type { NumberedEvent } from './relay-round.ts';

/** What the relay counts. A topic is an event's type. */
export function createEventMetrics(metrics: Metrics, clock: Clock) {
  const published = metrics.counter({
    name: 'nexus_events_published_total',
    type: 'counter',
    help: 'Events that got their number and are delivered from then on.',
    labels: ['topic'],
  });
  const consumed = metrics.counter({
    name: 'nexus_events_consumed_total',
    type: 'counter',
    help: 'Events that a subscriber in this process has taken in.',
    labels: ['topic', 'subscriber'],
  });
  const latency = metrics.histogram({
    name: 'nexus_events_latency_seconds',
    type: 'histogram',
    help: 'From the recording of an event to its having been taken in by a subscriber.',
    labels: ['subscriber'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
  });
  return {
    published(events: readonly NumberedEvent[]) {
      for (const { type } of events) published.increment({ topic: type });
    },
    consumed(subscriber: string, events: readonly Event[]) {
      const nowMs = clock.now().getTime();
      for (const { type, occurredAt } of events) {
        consumed.increment({ topic: type, subscriber });
        latency.observe({ subscriber }, Math.max(0, nowMs - occurredAt.getTime()) / 1000);
      }
    },
    watchLag(read: () => number) {
      metrics.watch(
        {
          name: 'nexus_events_lag',
          type: 'gauge',
          help: 'Events with a number that the slowest subscriber has not had.',
          labels: [],
        },
        read,
      );
    },
  };
}
