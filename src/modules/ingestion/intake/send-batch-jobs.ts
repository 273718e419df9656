import type { Transaction } from '#platform/postgres/ports.ts';
import type { Jobs } from '#platform/queue/ports.ts';

/** The queue whose jobs each take one batch through all stages. */
export const batchQueueName = 'ingestion.batch';

/** A job for each batch, one at a time by its key. `startAfterSeconds`: default 0. `isAlone`: it takes nothing else in. */
export async function sendBatchJobs<Tables>(
  transaction: Transaction<Tables>,
  jobs: Jobs,
  organizationId: string,
  batches: readonly { id: string; startAfterSeconds?: number; isAlone?: boolean }[],
): Promise<void> {
  if (batches.length === 0) return;
  await jobs.send(
    transaction,
    batches.map(({ id, startAfterSeconds = 0, isAlone = false }) => ({
      queue: batchQueueName,
      organizationId,
      data: { batch_id: id, ...(isAlone && { is_alone: 1 }) },
      key: id,
      startAfterSeconds,
    })),
  );
}
