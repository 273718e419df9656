/** A group of a batch's documents through all stages together, each of them failing for itself. */
import { isAppError } from '#platform/errors.ts';
import type { BatchDependencies, HeldBatch, ItemFailure, ItemStage } from './batch-work.ts';
import { embedDocuments } from './embed-documents.ts';
import { isUnchanged } from './is-unchanged.ts';
import { isOutage, toFailure } from './judge-failure.ts';
import { type LoadedItem, loadOriginals } from './load-originals.ts';
import { mapBounded } from './map-bounded.ts';
import { pipelineOf } from './pipeline.ts';
import { type PreparedItem, prepareItem } from './prepare-item.ts';
import {
  corpusKeyOf,
  deleteItems,
  type EmbeddedItem,
  settleFailures,
  settleUnchanged,
  storeItems,
  type UnchangedItem,
} from './settle-items.ts';
import type { BatchItem } from './store.ts';

const quickAtOnce = 16;

type Work = {
  batch: HeldBatch;
  dependencies: BatchDependencies;
  signal: AbortSignal;
  failed: ItemFailure[];
};

export async function processGroup(
  batch: HeldBatch,
  items: readonly BatchItem[],
  dependencies: BatchDependencies,
  signal: AbortSignal,
): Promise<void> {
  const loaded = await loadOriginals(batch, items, dependencies, signal);
  const work: Work = { batch, dependencies, signal, failed: loaded.failed };
  const { changed, unchanged } = await sortOut(work, loaded.loaded);
  const prepared = await prepareItems(work, changed);
  const embedded = await inOneOrEach(work, prepared, 'chunked', (entries) => embedItems(work, entries));
  const stored = await inOneOrEach(work, embedded, 'embedded', (entries) => storeItems(batch, entries, dependencies));

  await dependencies.checkpoints.forget(spentCheckpoints(prepared, stored));
  await settleUnchanged(batch, unchanged, dependencies);
  if (loaded.gone.length > 0) await deleteItems(batch, loaded.gone, dependencies);
  await settleFailures(batch, work.failed, dependencies);
}

/** What is searchable already is not even parsed. */
async function sortOut(work: Work, loaded: readonly LoadedItem[]) {
  const { gateway, config } = work.dependencies;
  const changed: LoadedItem[] = [];
  const unchanged: UnchangedItem[] = [];
  if (loaded.length === 0) return { changed, unchanged };
  const found = await findStored(work, loaded);
  loaded.forEach((entry, index) => {
    const { item, original } = entry;
    const stored = found[index];
    const pipeline = pipelineOf(original.format, { embeddingSpace: gateway.embeddingSpace, config });
    if (stored === undefined || !isUnchanged(original, pipeline, stored)) changed.push(entry);
    else unchanged.push({ item, stored });
  });
  return { changed, unchanged };
}

async function findStored({ batch, dependencies }: Work, loaded: readonly LoadedItem[]) {
  const keys = loaded.map(({ item }) => corpusKeyOf(batch, item.externalId));
  try {
    return await dependencies.corpus.findDocuments(batch.organizationId, keys);
  } catch (error) {
    // Each of them will be told so when it is stored.
    if (isAppError(error, 'COLLECTION_NOT_FOUND')) return [];
    throw error;
  }
}

/** Of quick files many are on their way, as several are read at once; of others a few, so that everybody gets a turn. */
async function prepareItems(work: Work, changed: readonly LoadedItem[]): Promise<PreparedItem[]> {
  const { config, parser } = work.dependencies;
  const isQuick = ({ original: { format, sizeBytes } }: LoadedItem): boolean => parser.isQuick(format, sizeBytes);
  const { true: quick = [], false: others = [] } = Object.groupBy(changed, (entry) => `${isQuick(entry)}`);
  const prepared = await Promise.all([
    mapBounded(quick, quickAtOnce, (entry) => prepare(work, entry)),
    mapBounded(others, config.concurrentParses, (entry) => prepare(work, entry)),
  ]);
  return prepared.flat().filter((entry) => entry !== undefined);
}

async function prepare(
  { batch, dependencies, signal, failed }: Work,
  entry: LoadedItem,
): Promise<PreparedItem | undefined> {
  const reached: { stage: ItemStage } = { stage: 'discovered' };
  try {
    return await prepareItem(batch, entry, dependencies, signal, reached);
  } catch (error) {
    signal.throwIfAborted();
    failed.push({ item: entry.item, stage: reached.stage, error });
    return undefined;
  }
}

async function embedItems(
  { batch, dependencies, signal }: Work,
  entries: readonly PreparedItem[],
): Promise<(EmbeddedItem & PreparedItem)[]> {
  const { clock, config, checkpoints } = dependencies;
  const missing = entries.filter(({ vectors }) => vectors === undefined);
  const startedMs = clock.monotonicMs();
  const embedded = await embedDocuments(
    batch.organizationId,
    missing.map(({ prepared }) => prepared),
    dependencies,
    signal,
  );
  const vectorsOf = new Map(missing.map((entry, index) => [entry, embedded[index] ?? []]));
  const msPerChunk = (clock.monotonicMs() - startedMs) / Math.max(1, embedded.flat().length);
  const results = entries.map((entry) => ({ ...entry, vectors: entry.vectors ?? vectorsOf.get(entry) ?? [] }));
  for (const { item, prepared, vectors, tookMs, embeddedKey, kept } of results) {
    if (kept.includes(embeddedKey)) continue;
    const isDear = tookMs + msPerChunk * vectors.length >= config.checkpointAfterMs;
    if (!isDear && item.attempts === 0) continue;
    await checkpoints.writeEmbedded(embeddedKey, { analysis: prepared.analysis, chunks: prepared.chunks, vectors });
    kept.push(embeddedKey);
  }
  return results;
}

/**
 * All of them at once; when that fails for a reason that may lie in one of them, each alone, so that the others go on.
 * What fails is noted, with the stage that it had reached.
 */
async function inOneOrEach<Entry extends { item: BatchItem }, Result>(
  work: Pick<Work, 'signal' | 'failed'>,
  entries: readonly Entry[],
  stage: ItemStage,
  run: (entries: readonly Entry[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const { signal, failed } = work;
  if (entries.length === 0) return [];
  try {
    signal.throwIfAborted();
    return [...(await run(entries))];
  } catch (error) {
    signal.throwIfAborted();
    if (isBeyondItems(error)) throw error;
    if (entries.length === 1 || isOutage(toFailure(error))) {
      failed.push(...entries.map(({ item }) => ({ item, stage, error })));
      return [];
    }
  }
  const results: Result[] = [];
  for (const entry of entries) results.push(...(await inOneOrEach(work, [entry], stage, run)));
  return results;
}

const isBeyondItems = (error: unknown): boolean => isAppError(error, 'BATCH_LOST');

function spentCheckpoints(prepared: readonly PreparedItem[], stored: readonly EmbeddedItem[]) {
  const done = new Set(stored.map(({ item }) => item.id));
  return prepared.flatMap(({ item, kept }) => (done.has(item.id) ? kept : []));
}
