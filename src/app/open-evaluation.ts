/** What measuring retrieval needs: models and ranking, no home and no database. */
import { createBeirFolderReader } from '#modules/evaluation/adapters/beir-folder.ts';
import { createEvaluation, type Evaluation } from '#modules/evaluation/index.ts';
import { createGateway } from '#modules/gateway/index.ts';
import { createRanker } from '#modules/retrieval/index.ts';
import { systemClock } from '#platform/clock.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { openEmbedder } from './adapters.ts';
import type { Config } from './config.ts';

export async function openEvaluation(config: Config, logger: Logger): Promise<Evaluation> {
  const gateway = createGateway({
    chatModel: undefined,
    embedder: await openEmbedder(config, logger),
    config: config.gateway,
  });
  return createEvaluation({
    benchmarks: createBeirFolderReader({ maxLines: config.evaluation.maxLines }),
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    gateway,
    ranker: createRanker({ gateway, config: config.retrieval }),
    clock: systemClock,
    config: config.evaluation,
  });
}

export { formatReport } from '#modules/evaluation/index.ts';
