/** Which documents share a job: many small ones one, a large one has its own. Pure. */
import type { NewBatch } from './store.ts';

export type BatchPlan = {
  /** The batch of each item, in the order of the items. */
  batchIds: string[];
  created: NewBatch[];
  /** The open batch with its new size; undefined when nothing was added to it. */
  grown: { id: string; size: number } | undefined;
};

export type BatchLimits = {
  /** Most items of a batch. */
  batchDocuments: number;
  /** A document above this many bytes is processed alone. */
  aloneAboveBytes: number;
};

/** `open`: a batch that nobody has claimed yet and that has room. */
export function planBatches(
  items: readonly { sizeBytes?: number | undefined }[],
  open: { id: string; size: number } | undefined,
  { batchDocuments, aloneAboveBytes }: BatchLimits,
  nextId: () => string,
): BatchPlan {
  const created: NewBatch[] = [];
  const grown = open === undefined ? undefined : { ...open };
  let filling: { id: string; size: number } | undefined = grown;

  const openBatch = (isAlone: boolean): NewBatch => {
    const batch = { id: nextId(), size: 0, isAlone };
    created.push(batch);
    return batch;
  };
  const batchIds = items.map(({ sizeBytes = 0 }) => {
    const isLarge = sizeBytes > aloneAboveBytes;
    if (!isLarge && (filling === undefined || filling.size >= batchDocuments)) filling = openBatch(false);
    const batch = isLarge || filling === undefined ? openBatch(true) : filling;
    batch.size += 1;
    return batch.id;
  });
  return { batchIds, created, grown: grown !== undefined && grown.size > (open?.size ?? 0) ? grown : undefined };
}
