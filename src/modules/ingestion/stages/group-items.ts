import type { IngestionConfig } from '../config.ts';
import type { BatchItem } from './store.ts';

/** What a document of unknown size is taken for. */
const guessedBytes = 1_000_000;

/** Cuts a batch into groups that are in memory together, in their order. Pure. */
export function groupItems(
  items: readonly BatchItem[],
  { groupBytes }: Pick<IngestionConfig, 'groupBytes'>,
): { items: BatchItem[]; bytes: number }[] {
  const groups: { items: BatchItem[]; bytes: number }[] = [];
  for (const item of items) {
    const bytes = item.sizeBytes ?? guessedBytes;
    const last = groups.at(-1);
    if (last === undefined || last.bytes + bytes > groupBytes) {
      groups.push({ items: [item], bytes });
    } else {
      last.items.push(item);
      last.bytes += bytes;
    }
  }
  return groups;
}
