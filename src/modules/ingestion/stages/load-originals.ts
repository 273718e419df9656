/** The bytes of a group of items, from where they were pushed to or from their source. */
import { AppError, isAppError } from '#platform/errors.ts';
import { createPace } from '#platform/pace.ts';
import { ingestionErrors } from '../errors.ts';
import type { BatchDependencies, HeldBatch, ItemFailure } from './batch-work.ts';
import { hashContent } from './hash-content.ts';
import { mapBounded } from './map-bounded.ts';
import { type Original, refuseLargeFile } from './prepare-document.ts';
import type { BatchItem } from './store.ts';
import { timeStage } from './time-stage.ts';

export type LoadedItem = { item: BatchItem; original: Original; bytes: Uint8Array };

export type Loaded = {
  loaded: LoadedItem[];
  /** No longer at their source. */
  gone: BatchItem[];
  failed: ItemFailure[];
};

/** Sources that do not tell sizes are asked for little at a time, since anything may come. */
const concurrency = { known: 8, unknown: 2 };

export async function loadOriginals(
  batch: HeldBatch,
  items: readonly BatchItem[],
  dependencies: BatchDependencies,
  signal: AbortSignal,
): Promise<Loaded> {
  const isKnown = items.every(({ sizeBytes }) => sizeBytes !== undefined);
  const result: Loaded = { loaded: [], gone: [], failed: [] };
  await mapBounded(items, isKnown ? concurrency.known : concurrency.unknown, async (item) => {
    try {
      dependencies.requireSpace();
      result.loaded.push(await loadOriginal(batch, item, dependencies, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (isAppError(error, 'SOURCE_DOCUMENT_GONE')) result.gone.push(item);
      else result.failed.push({ item, stage: 'discovered', error });
    }
  });
  await dependencies.onStep(
    'loaded',
    result.loaded.map(({ item }) => item.externalId),
  );
  return result;
}

async function loadOriginal(
  batch: HeldBatch,
  item: BatchItem,
  dependencies: BatchDependencies,
  signal: AbortSignal,
): Promise<LoadedItem> {
  const { parser, clock, config } = dependencies;
  const format = parser.formatOf(item.filename);
  refuseLargeFile(item.sizeBytes ?? 0, config);
  const bytes = await timeStage(dependencies, { stage: 'fetch' }, () => readBytes(batch, item, dependencies, signal));
  refuseLargeFile(bytes.byteLength, config);
  const contentHash = await hashContent(bytes, createPace(clock));
  const { externalId, filename, title, url } = item;
  const original = { externalId, filename, title, url, format, contentHash, sizeBytes: bytes.byteLength };
  return { item, original, bytes };
}

async function readBytes(
  { organizationId, sourceId }: HeldBatch,
  { blobKey, originalKey, externalId }: BatchItem,
  { blobs, fetchDocument }: BatchDependencies,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const key = blobKey ?? originalKey;
  if (key === undefined) return fetchDocument(organizationId, sourceId, externalId, signal);
  try {
    return await blobs.get(key);
  } catch (error) {
    if (isAppError(error, 'BLOB_NOT_FOUND')) throw unreadable('ORIGINAL_LOST', error);
    if (isAppError(error, 'BLOB_DAMAGED')) throw unreadable('ORIGINAL_DAMAGED', error);
    throw error;
  }
}

function unreadable(code: 'ORIGINAL_LOST' | 'ORIGINAL_DAMAGED', cause: AppError): AppError {
  return new AppError(code, 'invalid', ingestionErrors[code], { cause });
}
