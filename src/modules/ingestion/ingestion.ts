/** From bytes to searchable: at once while the sender waits, or durably through the queue; both go through the same stages. */
import type { Corpus } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { BlobStore } from '#platform/blobs/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { JobQueue, Jobs } from '#platform/queue/ports.ts';
import { signatureOf } from '#platform/text/min-hash.ts';
import { createAnalyze } from './analysis/analyze-document.ts';
import type { IngestionConfig } from './config.ts';
import type { DurableIntake } from './intake/create-intake.ts';
import type { Pushed } from './intake/push-documents.ts';
import { batchQueueName } from './intake/send-batch-jobs.ts';
import type { Parser } from './ports.ts';
import type { Analyze } from './service.ts';
import type { BatchDependencies, FetchDocument } from './stages/batch-work.ts';
import { createByteBudget } from './stages/byte-budget.ts';
import { createCheckpoints } from './stages/checkpoints.ts';
import { createEmbedChunks, type EmbedChunks } from './stages/embed-chunks.ts';
import { createFindStored } from './stages/find-stored.ts';
import { type IngestFile, ingestWhileWaiting } from './stages/ingest-while-waiting.ts';
import type { OnStep } from './stages/prepare-document.ts';
import { createBatchProcessor } from './stages/process-batch.ts';
import { createWaitedStore, type Ingested } from './stages/store-waited.ts';
import type { OnStage } from './stages/time-stage.ts';
import type { IngestionTables } from './store.ts';
import { createTasks, type Tasks } from './tasks/create-tasks.ts';
import { createMaintenance, type Maintenance } from './tasks/maintenance.ts';
import { createOriginals, type Originals } from './tasks/originals.ts';
import { createReprocessing } from './tasks/reprocess-source.ts';

export type Ingestion = Maintenance &
  Originals & {
    /**
     * Makes a file searchable; returns when it is stored. The same file again changes nothing and is not even parsed.
     * Throws `ingestionErrors`, PARSER_… when the file broke its reader, and what corpus and gateway throw.
     */
    ingest(organizationId: string, file: IngestFile, signal: AbortSignal): Promise<Ingested>;
    /**
     * Keeps the file and returns when that is durable; it becomes searchable later. Throws
     * FORMAT_UNSUPPORTED, COLLECTION_NOT_FOUND, TASK_NOT_FOUND, TASK_SEALED.
     */
    submit(organizationId: string, file: IngestFile & { taskId?: string | undefined }): Promise<Pushed>;
    /** Makes anew the documents of a source that another pipeline made. Throws SOURCE_NOT_FOUND. */
    reprocess(organizationId: string, sourceId: string): Promise<{ taskId: string }>;
    /** For the corpus, when it brings a collection into the present embedding space. */
    embedChunks: EmbedChunks;
    intake: DurableIntake;
    tasks: Tasks;
    /** What workers handle. */
    queues: readonly JobQueue[];
  };

export type IngestionDependencies = {
  db: TableDatabase<IngestionTables>;
  /** Made by `createIntake`, as sources need it too. */
  intake: DurableIntake;
  corpus: Pick<
    Corpus,
    | 'findDocuments'
    | 'findVectors'
    | 'replaceDocuments'
    | 'deleteDocument'
    | 'deleteDocuments'
    | 'readDocument'
    | 'requireCollection'
  >;
  gateway: Pick<Gateway, 'embed' | 'countTokens' | 'embeddingSpace'>;
  parser: Parser;
  blobs: BlobStore;
  jobs: Jobs;
  fetchDocument: FetchDocument;
  /** Throws STORAGE_FULL while nothing more is to be written. Default: never. */
  requireSpace?: () => void;
  /** False for kinds of sources whose documents are pushed. */
  canFetch: (sourceKind: string) => boolean;
  clock: Clock;
  ids: Ids;
  cursors: Cursors;
  config: IngestionConfig;
  /** Hears of each failure of a document, with the error behind the reason that people see. */
  onFailure: BatchDependencies['onFailure'];
  /** Default: what comes with the product. */
  analyze?: Analyze;
  /** For tests that interrupt the work. Default: nothing happens. */
  onStep?: OnStep;
  /** Hears how long documents were in each stage. Default: nobody does. */
  onStage?: OnStage;
};

/** Deliveries of one job; what is still unfinished then is found by `reconcile`. */
const mostDeliveries = 10;

export function createIngestion(dependencies: IngestionDependencies): Ingestion {
  const {
    intake,
    blobs,
    config,
    analyze = createAnalyze({ signatureOf }),
    onStep = () => undefined,
    onStage = () => undefined,
  } = dependencies;
  const { requireSpace = () => undefined } = dependencies;
  const work: BatchDependencies = {
    ...dependencies,
    analyze,
    onStep,
    onStage,
    requireSpace,
    checkpoints: createCheckpoints(blobs),
    budget: createByteBudget(config.bytesInHand),
  };
  const waiting = { ...work, findStored: createFindStored(work), storeWaited: createWaitedStore(work) };
  const handle = createBatchProcessor(work);
  return {
    ...createMaintenance(dependencies),
    ...createOriginals(dependencies),
    ingest: (organizationId, file, signal) => ingestWhileWaiting(organizationId, file, waiting, signal),
    async submit(organizationId, { taskId, collectionId, bytes, filename, externalId, title }) {
      work.parser.formatOf(filename);
      if (collectionId !== undefined) await dependencies.corpus.requireCollection(organizationId, collectionId);
      return intake.upload(organizationId, { taskId, collectionId, bytes, document: { externalId, filename, title } });
    },
    reprocess: createReprocessing(dependencies),
    embedChunks: createEmbedChunks(dependencies.gateway),
    intake,
    tasks: createTasks(dependencies),
    queues: [
      {
        name: batchQueueName,
        concurrency: config.concurrentBatches,
        maxAttempts: mostDeliveries,
        // The batch itself counts its losses, and finds the document that is to blame, at one delivery more.
        maxLost: config.workerLossLimit + 1,
        handle,
      },
    ],
  };
}
