/** A document whose sender waits for it: the same stages as in a batch, at once. */
import { createPace } from '#platform/pace.ts';
import { discardBlobs } from '../intake/discard-blobs.ts';
import { originalKey } from '../intake/original-key.ts';
import type { BatchDependencies } from './batch-work.ts';
import { embedDocuments } from './embed-documents.ts';
import type { FindStored } from './find-stored.ts';
import { hashContent } from './hash-content.ts';
import { isUnchanged } from './is-unchanged.ts';
import { pipelineOf } from './pipeline.ts';
import { type Original, parseOriginal, prepareDocument, refuseLargeFile } from './prepare-document.ts';
import { settleStored } from './settle-stored.ts';
import type { Ingested, StoreWaited, Waited } from './store-waited.ts';

export type IngestFile = {
  /** Its ending decides the format; its name is the title when the document has none. */
  filename: string;
  bytes: Uint8Array;
  /** What the sender calls the document; the same again replaces it. */
  externalId: string;
  /** Default: the organization's collection `default`. */
  collectionId?: string | undefined;
  /** Goes before the document's own title. Kept until the file changes. */
  title?: string | undefined;
};

export type WaitingDependencies = Pick<
  BatchDependencies,
  'db' | 'corpus' | 'gateway' | 'parser' | 'analyze' | 'blobs' | 'ids' | 'clock' | 'config' | 'onStep' | 'onStage'
> & { findStored: FindStored; storeWaited: StoreWaited };

/** Throws `ingestionErrors`, PARSER_… when the file broke its reader, and what corpus and gateway throw. */
export async function ingestWhileWaiting(
  organizationId: string,
  file: IngestFile,
  dependencies: WaitingDependencies,
  signal: AbortSignal,
): Promise<Ingested> {
  const { findStored, parser, gateway, clock, config, storeWaited } = dependencies;
  const { bytes, externalId, collectionId, filename, title } = file;
  refuseLargeFile(bytes.byteLength, config);
  const format = parser.formatOf(filename);
  const pipeline = pipelineOf(format, { embeddingSpace: gateway.embeddingSpace, config });
  const contentHash = await hashContent(bytes, createPace(clock));
  const original: Original = {
    externalId,
    filename,
    title,
    url: undefined,
    format,
    contentHash,
    sizeBytes: bytes.byteLength,
  };

  const stored = await findStored(organizationId, { collectionId, externalId });
  if (stored !== undefined && isUnchanged(original, pipeline, stored)) {
    const { documentId, chunks, position } = stored;
    const isSettled = await settleStored(organizationId, { collectionId, original, stored }, dependencies);
    if (isSettled) return { documentId, chunks, position, outcome: 'unchanged', warnings: [] };
  }
  let waited: Waited;
  const kept = keepOriginal(organizationId, bytes, dependencies);
  const known = stored === undefined ? undefined : organizationId;
  try {
    const { prepared, vectors } = await goThroughStages(known, original, bytes, dependencies, signal);
    await kept?.whenKept;
    waited = { collectionId, pipeline, prepared, vectors, originalKey: kept?.key };
  } catch (error) {
    await kept?.forget();
    throw error;
  }
  return storeWaited(organizationId, waited);
}

async function goThroughStages(
  organizationId: string | undefined,
  original: Original,
  bytes: Uint8Array,
  dependencies: WaitingDependencies,
  signal: AbortSignal,
): Promise<Pick<Waited, 'prepared' | 'vectors'>> {
  const parsed = await parseOriginal(original, { bytes }, dependencies, signal);
  const prepared = await prepareDocument(original, parsed, dependencies, signal);
  const [vectors = []] = await embedDocuments(organizationId, [prepared], dependencies, signal);
  return { prepared, vectors };
}

type KeptOriginal = {
  key: string;
  whenKept: Promise<void>;
  /** For a document that is not stored. Afterwards the sweep asks the database. */
  forget(): Promise<void>;
};

/** Begins to keep the bytes, while the document goes through its stages. */
function keepOriginal(
  organizationId: string,
  bytes: Uint8Array,
  { blobs, ids, config }: WaitingDependencies,
): KeptOriginal | undefined {
  if (!config.keepOriginals) return undefined;
  const key = originalKey(organizationId, ids);
  const whenKept = blobs.put(key, bytes);
  // Told to whoever waits for it, which may be only after the stages.
  whenKept.catch(() => undefined);
  return {
    key,
    whenKept,
    async forget() {
      await whenKept.catch(() => undefined);
      await discardBlobs(blobs, [key]);
    },
  };
}
