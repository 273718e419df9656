/** What an upload made of the documents, from the items of its task. Pure. */
import type { ItemView } from '#modules/ingestion/contract.ts';

export type UploadOutcome = {
  created: number;
  updated: number;
  unchanged: number;
  chunks: number;
  /** A search that asks for at least this position sees all of it; undefined when nothing became searchable. */
  position: string | undefined;
};

/** Adds one document after the other, in any order, so that nobody has to hold all of them. `unchanged`: known without an item. */
export function createOutcome(unchanged: number): { add(item: ItemView): void; read(): UploadOutcome } {
  const outcome: UploadOutcome = { created: 0, updated: 0, unchanged, chunks: 0, position: undefined };
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    add(item) {
      if (item.state !== 'completed') return;
      outcome[item.outcome ?? 'unchanged'] += 1;
      outcome.chunks += item.chunks ?? 0;
      const processedMs = Date.parse(item.processed_at ?? '');
      if (item.position === null || processedMs < lastMs) return;
      lastMs = processedMs;
      outcome.position = item.position;
    },
    read: () => ({ ...outcome }),
  };
}
