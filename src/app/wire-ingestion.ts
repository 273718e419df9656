/** Sources, intake and ingestion: what of it is made of what. */
import path from 'node:path';
import type { Corpus } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import {
  createIngestion,
  createIntake,
  createSources,
  type Ingestion,
  type Sources,
} from '#modules/ingestion/index.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Database } from '#platform/postgres/ports.ts';
import { createJobs } from '#platform/queue/create-jobs.ts';
import type { Adapters } from './adapters.ts';
import type { Config } from './config.ts';
import * as connectors from './connectors.ts';
import * as formats from './formats.ts';
import type { OnStagePassed } from './stage-metrics.ts';

type Dependencies = {
  config: Config;
  adapters: Adapters;
  /** Wakes the relay with its commits. */
  database: Database;
  corpus: Corpus;
  gateway: Gateway;
  cursors: Cursors;
  onStage: OnStagePassed;
};

export function wireIngestion(dependencies: Dependencies): { sources: Sources; ingestion: Ingestion } {
  const { config, adapters, database, corpus, gateway, cursors, onStage } = dependencies;
  const { clock, ids, logger, diskGuard } = adapters;
  const jobs = createJobs();
  const blobs: Adapters['blobs'] = {
    ...adapters.blobs,
    async put(key, bytes) {
      diskGuard.requireSpace();
      await adapters.blobs.put(key, bytes);
    },
  };
  const intake = createIntake({ db: database.withTables(), blobs, jobs, ids, config: config.ingestion });
  const sources = createSources({
    db: database.withTables(),
    connectors: openConnectors(config),
    intake,
    jobs,
    cursors,
    clock,
    ids,
    config: config.ingestion.sources,
    requireCollection: corpus.requireCollection,
    onBackgroundError: (error) => logger.warn('sources.failed', { module: 'ingestion', error }),
  });
  const ingestion = createIngestion({
    db: database.withTables(),
    intake,
    corpus: {
      ...corpus,
      async replaceDocuments(organizationId, documents, options) {
        diskGuard.requireSpace();
        return await corpus.replaceDocuments(organizationId, documents, options);
      },
    },
    gateway,
    parser: adapters.parser,
    blobs,
    jobs,
    fetchDocument: sources.fetch,
    requireSpace: diskGuard.requireSpace,
    canFetch: sources.canFetch,
    clock,
    ids,
    cursors,
    config: config.ingestion,
    onStage,
    onFailure: ({ organizationId, itemId, isFinal, error }) =>
      logger.warn('ingestion.failed', {
        module: 'ingestion',
        organization_id: organizationId,
        item_id: itemId,
        is_final: isFinal,
        error,
      }),
  });
  return {
    ingestion,
    sources: {
      ...sources,
      async resume(organizationId, sourceId) {
        const source = await sources.resume(organizationId, sourceId);
        await ingestion.wakeSource(organizationId, sourceId);
        return source;
      },
    },
  };
}

function openConnectors(config: Config) {
  const extensions = Object.values(formats).flatMap((format) => format.extensions);
  const { maxFileBytes, files } = config.ingestion;
  const protectedFolders = [
    path.resolve(config.home),
    ...(config.blobs.directory === undefined ? [] : [path.resolve(config.blobs.directory)]),
  ];
  return Object.values(connectors).map((create) => create({ files, maxFileBytes, extensions, protectedFolders }));
}
