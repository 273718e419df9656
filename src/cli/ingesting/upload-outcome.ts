/** What an upload made of the documents, from the items of its task. Pure. */
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';

export type UploadOutcome = {
  created: number;
  updated: number;
  unchanged: number;
  chunks: number;
  /** A search that asks for at least this position sees all of it; undefined when nothing became searchable. */
  position: string | undefined;
};

export function toOutcome({ counts }: TaskView, items: readonly ItemView[]): UploadOutcome {
  const outcome: UploadOutcome = {
    created: 0,
    updated: 0,
    unchanged: counts.unchanged,
    chunks: 0,
    position: undefined,
  };
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    if (item.state !== 'completed') continue;
    outcome[item.outcome ?? 'unchanged'] += 1;
    outcome.chunks += item.chunks ?? 0;
    const processedMs = Date.parse(item.processed_at ?? '');
    if (item.position === null || processedMs < lastMs) continue;
    lastMs = processedMs;
    outcome.position = item.position;
  }
  return outcome;
}
