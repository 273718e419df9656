/** A document whose sender waits for it: the same stages as in a batch, at once. */
import { createPace } from '#platform/pace.ts';
import type { BatchDependencies } from './batch-work.ts';
import { embedDocuments } from './embed-documents.ts';
import { hashContent } from './hash-content.ts';
import { isUnchanged } from './is-unchanged.ts';
import { pipelineOf } from './pipeline.ts';
import { type Original, parseOriginal, prepareDocument, refuseLargeFile } from './prepare-document.ts';
import type { Ingested, StoreWaited } from './store-waited.ts';

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
  'corpus' | 'gateway' | 'parser' | 'analyze' | 'clock' | 'config' | 'onStep'
> & { storeWaited: StoreWaited };

/** Throws `ingestionErrors`, PARSER_… when the file broke its reader, and what corpus and gateway throw. */
export async function ingestWhileWaiting(
  organizationId: string,
  file: IngestFile,
  dependencies: WaitingDependencies,
  signal: AbortSignal,
): Promise<Ingested> {
  const { corpus, parser, gateway, clock, config, storeWaited } = dependencies;
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

  const [stored] = await corpus.findDocuments(organizationId, [{ collectionId, externalId }]);
  if (stored !== undefined && isUnchanged(original, pipeline, stored)) {
    const { documentId, chunks, position } = stored;
    return { documentId, chunks, position, outcome: 'unchanged', warnings: [] };
  }
  const parsed = await parseOriginal(original, bytes, dependencies, signal);
  const prepared = await prepareDocument(original, parsed, dependencies, signal);
  const known = stored === undefined ? undefined : organizationId;
  const [vectors = []] = await embedDocuments(known, [prepared], dependencies, signal);
  return storeWaited(organizationId, { collectionId, pipeline, prepared, vectors });
}
