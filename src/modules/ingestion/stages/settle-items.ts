/** What the stages found, written so that it counts only while the batch is ours and the item is what we took. */
import type { FoundDocument, NewDocument, Replaced } from '#modules/corpus/index.ts';
import { AppError, assert, isAppError } from '#platform/errors.ts';
import { createPace } from '#platform/pace.ts';
import type { IngestionConfig } from '../config.ts';
import { discardBlobs } from '../intake/discard-blobs.ts';
import { retryConflicts } from '../intake/retry-conflicts.ts';
import { sendBatchJobs } from '../intake/send-batch-jobs.ts';
import { insertBatches } from '../intake/store.ts';
import { type Fact, recordFacts, reserveIds } from '../record-facts.ts';
import { toCorpusExternalId } from '../sources/corpus-external-id.ts';
import type { IngestionTransaction } from '../store.ts';
import { type BatchDependencies, type HeldBatch, type ItemFailure, requireHeld } from './batch-work.ts';
import { isOutage, type Judgement, judgeFailure, toFailure } from './judge-failure.ts';
import { pipelineOf } from './pipeline.ts';
import { type Prepared, toNewDocument } from './prepare-document.ts';
import { factsPerDocument, stageFacts } from './stage-facts.ts';
import { type BatchItem, type Completion, completeItems, markDeleted, writeFailures } from './store.ts';
import { timeStage } from './time-stage.ts';

export type EmbeddedItem = { item: BatchItem; prepared: Prepared; vectors: Float32Array[] };

export const corpusKeyOf = (batch: HeldBatch, externalId: string) => ({
  collectionId: batch.collectionId,
  externalId: toCorpusExternalId({ id: batch.sourceId, kind: batch.sourceKind }, externalId),
});

/** Thrown inside the transaction when there are newer revisions of some items: everything is undone and done without them. */
function superseded(itemIds: readonly string[]): AppError {
  return new AppError('REVISION_SUPERSEDED', 'conflict', 'There is a newer revision of the document.', {
    details: { itemIds },
  });
}

/** `work` with the items that nobody has a newer revision of; each turn leaves out at least one. */
async function withoutSuperseded<Entry extends { item: BatchItem }>(
  entries: readonly Entry[],
  work: (entries: readonly Entry[]) => Promise<void>,
): Promise<readonly Entry[]> {
  let left = entries;
  while (left.length > 0) {
    try {
      await work(left);
      return left;
    } catch (error) {
      if (!isAppError(error, 'REVISION_SUPERSEDED')) throw error;
      const outdated = new Set(error.details.itemIds as readonly string[]);
      left = left.filter(({ item }) => !outdated.has(item.id));
    }
  }
  return left;
}

function requireAll(entries: readonly { item: BatchItem }[], written: readonly string[]): void {
  if (written.length === entries.length) return;
  const found = new Set(written);
  throw superseded(entries.map(({ item }) => item.id).filter((id) => !found.has(id)));
}

/** One transaction makes them all searchable. Answers those that were stored. */
export async function storeItems(
  batch: HeldBatch,
  embedded: readonly EmbeddedItem[],
  dependencies: BatchDependencies,
): Promise<readonly EmbeddedItem[]> {
  const { clock, corpus, gateway, ids, config, onStep } = dependencies;
  const space = gateway.embeddingSpace;
  const stored = await withoutSuperseded(embedded, async (entries) => {
    const pace = createPace(clock);
    const writes: (EmbeddedItem & { pipeline: string; chunkIds: string[]; document: NewDocument })[] = [];
    for (const entry of entries) {
      const { externalId: corpusExternalId, collectionId } = corpusKeyOf(batch, entry.item.externalId);
      const pipeline = pipelineOf(entry.prepared.format, { embeddingSpace: space, config });
      const chunkIds = entry.prepared.chunks.map(() => ids.next());
      const place = { collectionId, corpusExternalId, pipeline, chunkIds, vectors: entry.vectors };
      writes.push({ ...entry, pipeline, chunkIds, document: await toNewDocument(entry.prepared, place, pace) });
    }
    // `document.indexed`, which the corpus records, is the last to be told.
    const factIds = reserveIds(ids, writes.length * factsPerDocument);
    const store = () =>
      corpus.replaceDocuments<unknown>(
        batch.organizationId,
        writes.map(({ document }) => document),
        {
          async within(untyped, replaced) {
            const transaction = untyped as IngestionTransaction;
            await onStep(
              'storing',
              entries.map(({ item }) => item.externalId),
            );
            await requireHeld(transaction, batch);
            const done = writes.map((write, index) => toCompletion(write, replaced[index], config));
            requireAll(entries, await completeItems(transaction, done));
            const facts = writes.flatMap(({ item, prepared, chunkIds }, index) =>
              stageFacts(prepared, { itemId: item.id, documentId: replaced[index]?.documentId ?? '', chunkIds }, space),
            );
            await recordFacts(transaction, { organizationId: batch.organizationId, ids: factIds }, facts);
          },
        },
      );
    await timeStage(dependencies, { stage: 'store', documents: entries.length }, () => retryConflicts(store));
  });
  await onStep(
    'stored',
    stored.map(({ item }) => item.externalId),
  );
  await forgetOriginals(dependencies, stored);
  return stored;
}

function toCompletion(
  { item, prepared, pipeline }: EmbeddedItem & { pipeline: string },
  replaced: Replaced | undefined,
  config: IngestionConfig,
): Completion {
  assert(replaced !== undefined, 'the corpus answers for each document');
  const { contentHash, warnings } = prepared;
  const originalKey = originalToKeep(item, config);
  return { id: item.id, revision: item.revision, contentHash, pipeline, warnings, originalKey, ...replaced };
}

/** The bytes that the document is made from by now. */
function originalToKeep({ blobKey, originalKey }: BatchItem, { keepOriginals }: IngestionConfig): string | undefined {
  return keepOriginals ? (blobKey ?? originalKey) : undefined;
}

/** Deletes the bytes of these items that are no longer needed. */
async function forgetOriginals(
  { blobs, config }: BatchDependencies,
  entries: readonly { item: BatchItem }[],
): Promise<void> {
  await discardBlobs(
    blobs,
    entries.flatMap(({ item }) => blobKeysOf(item).filter((key) => key !== originalToKeep(item, config))),
  );
}

const blobKeysOf = ({ blobKey, originalKey }: BatchItem): string[] =>
  [blobKey, originalKey].filter((key) => key !== undefined);

export type UnchangedItem = { item: BatchItem; stored: FoundDocument };

/** They are searchable as they are. */
export async function settleUnchanged(
  batch: HeldBatch,
  unchanged: readonly UnchangedItem[],
  dependencies: BatchDependencies,
): Promise<void> {
  if (unchanged.length === 0) return;
  const written = await dependencies.db.inOrganization(batch.organizationId, async (transaction) => {
    await requireHeld(transaction, batch);
    return completeItems(
      transaction,
      unchanged.map(({ item, stored }) => ({
        id: item.id,
        revision: item.revision,
        ...stored,
        outcome: 'unchanged',
        warnings: [],
        originalKey: originalToKeep(item, dependencies.config),
      })),
    );
  });
  // Of what a newer revision has taken over, the bytes are that one's.
  const settled = new Set(written);
  await forgetOriginals(
    dependencies,
    unchanged.filter(({ item }) => settled.has(item.id)),
  );
}

/** Removes the documents of these items, whether or not they ever were searchable. */
export async function deleteItems(
  batch: HeldBatch,
  items: readonly BatchItem[],
  { corpus, blobs, onStep }: BatchDependencies,
): Promise<void> {
  const keys = items.map(({ externalId }) => corpusKeyOf(batch, externalId));
  const found = await corpus.findDocuments(batch.organizationId, keys).catch((error: unknown) => {
    // A collection goes only when nothing is left in it.
    if (isAppError(error, 'COLLECTION_NOT_FOUND')) return [];
    throw error;
  });
  const entries = items.map((item, index) => ({ item, documentId: found[index]?.documentId }));
  const done = await withoutSuperseded(entries, async (left) => {
    await corpus.deleteDocuments<unknown>(
      batch.organizationId,
      left.flatMap(({ documentId }) => documentId ?? []),
      {
        async within(untyped) {
          const transaction = untyped as IngestionTransaction;
          await onStep(
            'storing',
            left.map(({ item }) => item.externalId),
          );
          await requireHeld(transaction, batch);
          requireAll(
            left,
            await markDeleted(
              transaction,
              left.map(({ item }) => item),
            ),
          );
        },
      },
    );
  });
  await discardBlobs(
    blobs,
    done.flatMap(({ item }) => blobKeysOf(item)),
  );
}

type JudgedFailure = ItemFailure & { judgement: Judgement };

/** Those that are tried again go into other batches, so that they hold up nobody: alone, unless all of them wait for the same. */
export async function settleFailures(
  batch: HeldBatch,
  failed: readonly ItemFailure[],
  dependencies: BatchDependencies,
): Promise<void> {
  if (failed.length === 0) return;
  const { db, ids, jobs, config, onFailure } = dependencies;
  const { organizationId, sourceId } = batch;
  const judged = failed.map((failure): JudgedFailure => {
    const { item, error } = failure;
    return { ...failure, judgement: judgeFailure(toFailure(error), item, config) };
  });
  const retryOf = placeRetries(judged, ids.next);
  await db.inOrganization(organizationId, async (transaction) => {
    await requireHeld(transaction, batch);
    const writes = judged.map(({ item, stage, judgement: { isFinal, failures, faults, code, message } }) => {
      const batchId = retryOf.get(item.id)?.id;
      return { id: item.id, revision: item.revision, isFinal, batchId, stage, failures, faults, code, message };
    });
    const written = new Set(await writeFailures(transaction, writes));
    const counted = countBatches(
      judged.filter(({ item }) => written.has(item.id)),
      retryOf,
    );
    await insertBatches(transaction, { organizationId, sourceId }, counted);
    await sendBatchJobs(transaction, jobs, organizationId, counted);
    const final = judged.filter(({ item, judgement }) => judgement.isFinal && written.has(item.id));
    await recordFacts(
      transaction,
      { organizationId, ids },
      final.map((failure) => failedFact(batch, failure)),
    );
  });
  for (const { item, error, judgement } of judged) {
    onFailure({ organizationId, itemId: item.id, isFinal: judgement.isFinal, error });
  }
}

type RetryBatch = { id: string; isAlone: boolean; startAfterSeconds: number };

function placeRetries(judged: readonly JudgedFailure[], nextId: () => string): Map<string, RetryBatch> {
  const retried = judged.filter(({ judgement }) => !judgement.isFinal);
  const waiting = retried.filter(({ judgement }) => isOutage(judgement));
  const startAfterSeconds = Math.max(0, ...waiting.map(({ judgement }) => judgement.delaySeconds));
  const together = { id: nextId(), isAlone: true, startAfterSeconds };
  return new Map(
    retried.map(({ item, judgement }) => {
      if (isOutage(judgement)) return [item.id, together];
      return [item.id, { id: nextId(), isAlone: true, startAfterSeconds: judgement.delaySeconds }];
    }),
  );
}

function countBatches(judged: readonly JudgedFailure[], retryOf: ReadonlyMap<string, RetryBatch>) {
  const batches = new Map<string, RetryBatch & { size: number }>();
  for (const { item } of judged) {
    const retry = retryOf.get(item.id);
    if (retry === undefined) continue;
    const counted = batches.get(retry.id) ?? { ...retry, size: 0 };
    counted.size += 1;
    batches.set(retry.id, counted);
  }
  return [...batches.values()];
}

function failedFact(batch: HeldBatch, { item, stage, judgement }: JudgedFailure): Fact {
  return {
    type: 'document.failed',
    itemId: item.id,
    data: {
      document_id: item.documentId ?? null,
      item_id: item.id,
      task_id: item.taskId ?? null,
      source_id: batch.sourceId,
      external_id: item.externalId,
      stage,
      code: judgement.code,
      message: judgement.message,
      attempts: item.attempts + 1,
    },
  };
}
