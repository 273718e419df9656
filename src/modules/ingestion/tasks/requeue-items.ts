/** Gives known items to new batches: for retries and reprocessing. */
import type { Ids } from '#platform/ids.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { planBatches } from '../intake/plan-batches.ts';
import { sendBatchJobs } from '../intake/send-batch-jobs.ts';
import { assignItems, insertBatches } from '../intake/store.ts';
import type { IngestionTransaction } from '../store.ts';

export type RequeuedItem = { id: string; change: 'upsert' | 'delete'; sizeBytes: number | undefined };

/** All of one source; held by the caller. `taskId` undefined: each stays in its task. */
export async function requeueItems(
  transaction: IngestionTransaction,
  place: { organizationId: string; sourceId: string; taskId: string | undefined },
  items: readonly RequeuedItem[],
  { jobs, ids, config }: { jobs: Jobs; ids: Ids; config: IngestionConfig },
): Promise<void> {
  const { batchIds, created } = planBatches(items, undefined, config, ids.next);
  const assignments = items.map(({ id, change }, index) => ({ id, change, batchId: batchIds[index] ?? '' }));
  await assignItems(transaction, place.taskId, assignments);
  await insertBatches(transaction, place, created);
  await sendBatchJobs(transaction, jobs, place.organizationId, created);
}
