/** The stages of a document on its way to being searchable, as metrics. */
import type { Metrics } from '#platform/telemetry/metrics.ts';

export type OnStagePassed = (stage: string, passed: { documents: number; seconds: number }) => void;

const latencyBuckets = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5,
  10, 30, 60, 300,
];

export function createStageMetrics(metrics: Pick<Metrics, 'counter' | 'histogram'>): OnStagePassed {
  const latency = metrics.histogram({
    name: 'nexus_processing_latency_seconds',
    type: 'histogram',
    help: 'How long a document, or the group that goes through together, was in a stage: fetch, parse, analyze, chunk, embed, store, index.',
    labels: ['stage'],
    buckets: latencyBuckets,
  });
  const documents = metrics.counter({
    name: 'nexus_processing_documents_total',
    type: 'counter',
    help: 'Documents that went through a stage.',
    labels: ['stage'],
  });
  return (stage, passed) => {
    latency.observe({ stage }, passed.seconds);
    documents.increment({ stage }, passed.documents);
  };
}
