/** One item of a batch from its bytes to its chunks, with what was kept of an earlier attempt. */
import type { ParsedDocument } from '../ports.ts';
import type { BatchDependencies, HeldBatch, ItemStage } from './batch-work.ts';
import type { CheckpointKey } from './checkpoints.ts';
import type { LoadedItem } from './load-originals.ts';
import { parserVersionOf, pipelineOf } from './pipeline.ts';
import { finalTitleOf, type Prepared, parseOriginal, prepareDocument } from './prepare-document.ts';
import type { BatchItem } from './store.ts';

/** A prepared document; with `vectors` when a checkpoint had them. The bytes are no longer needed. */
export type PreparedItem = {
  item: BatchItem;
  prepared: Prepared;
  vectors: Float32Array[] | undefined;
  /** Time that reading and cutting took, in milliseconds. */
  tookMs: number;
  embeddedKey: CheckpointKey;
  /** Checkpoints that exist; spent when the document is stored. */
  kept: CheckpointKey[];
};

/** `reached` tells the caller how far it came when it throws. */
export async function prepareItem(
  batch: HeldBatch,
  { item, original, bytes }: LoadedItem,
  dependencies: BatchDependencies,
  signal: AbortSignal,
  reached: { stage: ItemStage },
): Promise<PreparedItem> {
  const { checkpoints, clock, config, gateway, onStep } = dependencies;
  const startedMs = clock.monotonicMs();
  const pipeline = pipelineOf(original.format, { embeddingSpace: gateway.embeddingSpace, config });
  const place = { organizationId: batch.organizationId, contentHash: original.contentHash };
  const parsedKey = { ...place, stage: 'parsed', version: parserVersionOf(original.format) } as const;
  const kept: CheckpointKey[] = [];

  let parsed = mayHaveCheckpoint(batch, item) ? await checkpoints.readParsed(parsedKey) : undefined;
  if (parsed !== undefined) kept.push(parsedKey);
  parsed ??= await parseOriginal(original, { bytes, group: batch.organizationId }, dependencies, signal);
  const isDear = item.attempts > 0 || clock.monotonicMs() - startedMs >= config.checkpointAfterMs;
  if (kept.length === 0 && isDear) {
    await checkpoints.writeParsed(parsedKey, parsed);
    kept.push(parsedKey);
  }
  reached.stage = 'parsed';
  await onStep('parsed', [item.externalId]);
  signal.throwIfAborted();

  const finalTitle = finalTitleOf(original, parsed);
  // The title is embedded with the text.
  const embeddedKey = { ...place, stage: 'embedded', version: `${pipeline}\n${finalTitle}` } as const;
  const embedded = mayHaveCheckpoint(batch, item) ? await checkpoints.readEmbedded(embeddedKey) : undefined;
  const tookMs = () => clock.monotonicMs() - startedMs;
  if (embedded !== undefined) {
    const { analysis, chunks, vectors } = embedded;
    const prepared = { ...original, ...textOf(parsed), finalTitle, analysis, chunks };
    return { item, prepared, vectors, tookMs: tookMs(), embeddedKey, kept: [...kept, embeddedKey] };
  }
  const prepared = await prepareDocument(original, parsed, dependencies, signal);
  reached.stage = 'chunked';
  return { item, prepared, vectors: undefined, tookMs: tookMs(), embeddedKey, kept };
}

const textOf = ({ text, warnings }: ParsedDocument) => ({ text, warnings });

/** The first attempt on one of many small documents has none, and is spared the look. */
const mayHaveCheckpoint = (batch: HeldBatch, item: BatchItem): boolean =>
  item.attempts > 0 || batch.attempt > 1 || batch.size === 1;
