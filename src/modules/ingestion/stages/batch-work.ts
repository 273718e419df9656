/** What the parts of the batch processor share. */
import type { Corpus } from '#modules/corpus/index.ts';
import type { BlobStore } from '#platform/blobs/ports.ts';
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import { ingestionErrors } from '../errors.ts';
import type { IngestionTables, IngestionTransaction } from '../store.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { StageDependencies } from './prepare-document.ts';
import { type BatchItem, type ClaimedBatch, type Fence, holdsBatch } from './store.ts';

/** The bytes of a document as they are now at its source. Throws SOURCE_DOCUMENT_GONE and other SOURCE_… errors. */
export type FetchDocument = (
  organizationId: string,
  sourceId: string,
  externalId: string,
  signal: AbortSignal,
) => Promise<Uint8Array>;

export type BatchDependencies = StageDependencies & {
  db: TableDatabase<IngestionTables>;
  corpus: Pick<Corpus, 'findDocuments' | 'findVectors' | 'replaceDocuments' | 'deleteDocuments'>;
  blobs: BlobStore;
  checkpoints: Checkpoints;
  jobs: Jobs;
  ids: Ids;
  budget: ByteBudget;
  fetchDocument: FetchDocument;
  /** Throws STORAGE_FULL while nothing more is to be written; asked before work is begun that could not be kept. */
  requireSpace: () => void;
  /** Hears of each failure, with the error that the item's reason was made from. */
  onFailure: (failure: { organizationId: string; itemId: string; isFinal: boolean; error: unknown }) => void;
};

/** A batch in hand: every write names it. */
export type HeldBatch = ClaimedBatch & { organizationId: string; items: readonly BatchItem[] };

export const fenceOf = ({ id, attempt }: HeldBatch): Fence => ({ batchId: id, attempt });

/** Throws BATCH_LOST, which undoes the transaction. */
export async function requireHeld(transaction: IngestionTransaction, batch: HeldBatch): Promise<void> {
  if (!(await holdsBatch(transaction, fenceOf(batch)))) throw batchLost();
}

export const batchLost = (): AppError => new AppError('BATCH_LOST', 'conflict', ingestionErrors.BATCH_LOST);

/** Something that ended the work on one item. */
export type ItemFailure = { item: BatchItem; stage: ItemStage; error: unknown };

export type ItemStage = 'discovered' | 'parsed' | 'classified' | 'chunked' | 'embedded';
