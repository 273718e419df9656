/** How long documents are in each stage, by the product's own metrics. */

import type { NexusProcess } from '../harness/nexus-process.ts';
import type { Quantiles } from '../harness/percentiles.ts';
import { between, quantilesOfHistogram, readCounter, readHistogram } from '../harness/prometheus.ts';

export type StageTimes = {
  stage: string;
  /** Of one document, or of the group of documents that goes through the stage together; in milliseconds. */
  latencyMs: Quantiles;
  documents: number;
  /** Summed over all that were in the stage, at once or not. */
  seconds: number;
};

const latency = 'nexus_processing_latency_seconds';
const documentCount = 'nexus_processing_documents_total';

/** Call the answer after the work: the stages in the order in which they were met first. */
export async function watchStages(server: NexusProcess): Promise<() => Promise<StageTimes[]>> {
  const before = await readMetrics(server);
  return async () => {
    const after = await readMetrics(server);
    return [...after.latencies].flatMap(([stage, reading]) => {
      const passed = between(before.latencies.get(stage), reading);
      if (passed.count === 0) return [];
      const documents = (after.documents.get(stage) ?? 0) - (before.documents.get(stage) ?? 0);
      return [{ stage, latencyMs: quantilesOfHistogram(passed, 1000), documents, seconds: passed.sum }];
    });
  };
}

async function readMetrics(server: NexusProcess) {
  const { text } = await server.call('GET', '/metrics');
  return {
    latencies: readHistogram(text, latency, 'stage'),
    documents: readCounter(text, documentCount, 'stage'),
  };
}
