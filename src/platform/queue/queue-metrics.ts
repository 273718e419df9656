import type { Metrics } from '../telemetry/metrics.ts';
import type { Depth } from './store.ts';

/** How a delivery ended; `lost`: another worker has the job, and nothing was written. */
export type Outcome = 'completed' | 'retried' | 'dead' | 'handed-back' | 'lost';

export type QueueMetrics = {
  finished(queue: string, outcome: Outcome, seconds: number): void;
  /** A failed job will be tried again; `reason` is the code of its failure. */
  retried(reason: string): void;
  depths(depths: readonly Depth[]): void;
};

const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800];

export function createQueueMetrics(metrics: Metrics): QueueMetrics {
  const depth = metrics.gauge({
    name: 'nexus_queue_depth',
    type: 'gauge',
    help: 'Jobs that wait in a queue and can be done now.',
    labels: ['queue'],
  });
  const byState = metrics.gauge({
    name: 'nexus_queue_jobs',
    type: 'gauge',
    help: 'Jobs of a queue by state: ready, deferred, active, dead.',
    labels: ['queue', 'state'],
  });
  const duration = metrics.histogram({
    name: 'nexus_job_duration_seconds',
    type: 'histogram',
    help: 'How long one delivery of a job took.',
    labels: ['queue'],
    buckets: durationBuckets,
  });
  const jobs = metrics.counter({
    name: 'nexus_jobs_total',
    type: 'counter',
    help: 'Deliveries of jobs by how they ended: completed, retried, dead, handed-back, lost.',
    labels: ['queue', 'status'],
  });
  const retries = metrics.counter({
    name: 'nexus_retries_total',
    type: 'counter',
    help: 'What was tried again, by what tried it and why.',
    labels: ['service', 'reason'],
  });
  return {
    finished(queue, status, seconds) {
      jobs.increment({ queue, status });
      duration.observe({ queue }, seconds);
    },
    retried: (reason) => retries.increment({ service: 'queue', reason }),
    depths(depths) {
      for (const { queue, ready, deferred, active, dead } of depths) {
        depth.set({ queue }, ready);
        for (const [state, count] of Object.entries({ ready, deferred, active, dead }))
          byState.set({ queue, state }, count);
      }
    },
  };
}
