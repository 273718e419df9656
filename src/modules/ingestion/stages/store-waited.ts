/** Stores documents whose senders wait: those that come at once share a transaction, in which their items are recorded. */
import type { NewDocument, Replaced } from '#modules/corpus/index.ts';
import { AppError, assert } from '#platform/errors.ts';
import { createPace } from '#platform/pace.ts';
import { beforeCommitIn } from '#platform/postgres/before-commit.ts';
import { ingestionErrors } from '../errors.ts';
import { discardBlobs } from '../intake/discard-blobs.ts';
import { retryConflicts } from '../intake/retry-conflicts.ts';
import { endTasks, tallyLeavers } from '../intake/store.ts';
import { tallyOf } from '../intake/tally-leavers.ts';
import { uploadSource } from '../intake/upload-source.ts';
import { recordFacts, reserveIds } from '../record-facts.ts';
import type { IngestionTransaction } from '../store.ts';
import type { BatchDependencies } from './batch-work.ts';
import { gatherCalls } from './gather-calls.ts';
import { type Prepared, toNewDocument } from './prepare-document.ts';
import { factsPerDocument, stageFacts } from './stage-facts.ts';
import { type RecordedItem, recordWaitedItems } from './store.ts';
import { timeStage } from './time-stage.ts';

export type Ingested = {
  documentId: string;
  outcome: 'created' | 'updated' | 'unchanged';
  chunks: number;
  /** A search that asks for at least this position sees the document. */
  position: string;
  /** What had to be guessed while reading, in whole sentences. */
  warnings: readonly string[];
};

/** A document that went through all stages but the last. */
export type Waited = {
  collectionId: string | undefined;
  pipeline: string;
  prepared: Prepared;
  vectors: readonly Float32Array[];
  /** Where its bytes are kept; undefined when they are not. */
  originalKey: string | undefined;
};

/** Chunks of a document that takes long to write. */
const largeChunks = 200;

export type StoreWaited = (organizationId: string, waited: Waited) => Promise<Ingested>;

type Dependencies = Pick<BatchDependencies, 'corpus' | 'gateway' | 'blobs' | 'ids' | 'config' | 'clock' | 'onStage'>;

export function createWaitedStore(dependencies: Dependencies): StoreWaited {
  const storeTogether = (organizationId: string, documents: readonly Waited[]): Promise<readonly Ingested[]> =>
    retryConflicts(() =>
      timeStage(dependencies, { stage: 'store', documents: documents.length }, () =>
        storeDocuments(organizationId, documents, dependencies),
      ),
    );
  const gather = gatherCalls(storeTogether, { most: dependencies.config.batchDocuments });
  /** Of large documents, one by one, so that no small one waits for them and they leave connections to others. */
  const queue = gatherCalls(storeTogether, { most: 1 });
  return async (organizationId, waited) => {
    // What this request adds to its transactions must be in the one that stores its document, and in no other's.
    if (beforeCommitIn(organizationId) !== undefined) {
      const [ingested] = await storeTogether(organizationId, [waited]);
      assert(ingested !== undefined, 'one document gives one answer');
      return ingested;
    }
    const key = JSON.stringify([waited.collectionId, waited.prepared.externalId]);
    const line = waited.prepared.chunks.length < largeChunks ? gather : queue;
    return line({ organizationId, key, value: waited });
  };
}

async function storeDocuments(
  organizationId: string,
  documents: readonly Waited[],
  { corpus, gateway, blobs, ids, clock }: Dependencies,
): Promise<readonly Ingested[]> {
  const pace = createPace(clock);
  const writes: { waited: Waited; chunkIds: string[]; document: NewDocument }[] = [];
  for (const waited of documents) {
    const { collectionId, pipeline, prepared, vectors } = waited;
    const chunkIds = prepared.chunks.map(() => ids.next());
    const place = { collectionId, corpusExternalId: prepared.externalId, pipeline, chunkIds, vectors };
    writes.push({ waited, chunkIds, document: await toNewDocument(prepared, place, pace) });
  }
  // `document.indexed`, which the corpus records, is the last to be told.
  const factIds = reserveIds(ids, writes.length * factsPerDocument);
  let recorded: RecordedItem[] = [];
  const replaced = await corpus.replaceDocuments<unknown>(
    organizationId,
    writes.map(({ document }) => document),
    {
      async within(untyped, written) {
        const transaction = untyped as IngestionTransaction;
        recorded = await recordItems(transaction, organizationId, documents, written, ids.next);
        const facts = writes.flatMap(({ waited, chunkIds }, index) => {
          const itemId = recorded[index]?.id ?? '';
          const documentId = written[index]?.documentId ?? '';
          return stageFacts(waited.prepared, { itemId, documentId, chunkIds }, gateway.embeddingSpace);
        });
        await recordFacts(transaction, { organizationId, ids: factIds }, facts);
      },
    },
  );
  await discardBlobs(
    blobs,
    recorded.flatMap(({ previousBlob, previousOriginal }) => [previousBlob ?? [], previousOriginal ?? []].flat()),
  );
  return replaced.map((one, index) => ({ ...one, warnings: documents[index]?.prepared.warnings ?? [] }));
}

/** Takes the items over from whatever had them in hand, whose work then changes nothing. */
async function recordItems(
  transaction: IngestionTransaction,
  organizationId: string,
  documents: readonly Waited[],
  written: readonly Replaced[],
  nextId: () => string,
): Promise<RecordedItem[]> {
  const items = documents.map(({ collectionId, pipeline, prepared, originalKey }, index) => {
    const stored = written[index];
    assert(stored !== undefined, 'the corpus answers for each document');
    const source = uploadSource(organizationId, collectionId);
    const { externalId, filename, title, sizeBytes, contentHash, warnings } = prepared;
    const { documentId, outcome, chunks, position } = stored;
    return {
      ...{ id: nextId(), sourceId: source.id, sourceName: source.name, collectionId, pipeline },
      ...{ externalId, filename, title, sizeBytes, contentHash, warnings },
      ...{ documentId, outcome, chunks, position, originalKey },
    };
  });
  const recorded = await recordWaitedItems(transaction, organizationId, items);
  if (recorded.some(({ revision, previousRevision }) => revision !== (previousRevision ?? 0) + 1)) {
    throw new AppError('INTAKE_CONFLICT', 'conflict', ingestionErrors.INTAKE_CONFLICT);
  }
  const leavers = recorded.flatMap(({ previousTaskId: taskId, previousState: state }) =>
    taskId === null || state === null ? [] : [{ taskId, state }],
  );
  const tallies = tallyOf(leavers);
  await tallyLeavers(transaction, tallies);
  await endTasks(
    transaction,
    tallies.map(({ taskId }) => taskId),
  );
  return recorded;
}
