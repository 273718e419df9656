/** One job: a batch of documents from where it stands to its end. A worker that dies in it leaves nothing half done. */
import { AppError, isAppError } from '#platform/errors.ts';
import { madeAtMs } from '#platform/ids.ts';
import type { Job } from '#platform/queue/ports.ts';
import { waitFor } from '#platform/wait-for.ts';
import { ingestionErrors } from '../errors.ts';
import { sendBatchJobs } from '../intake/send-batch-jobs.ts';
import { endTasks, insertBatches } from '../intake/store.ts';
import { type BatchDependencies, batchLost, fenceOf, type HeldBatch, requireHeld } from './batch-work.ts';
import { groupItems } from './group-items.ts';
import { processGroup } from './process-group.ts';
import { deleteItems, settleFailures } from './settle-items.ts';
import {
  claimBatch,
  finishBatchRow,
  handBackBatch,
  isolateItems,
  takeItems,
  tasksOfBatch,
  touchBatch,
} from './store.ts';

/** How often the holder shows that it lives, and learns that it has lost the batch. */
const touchIntervalMs = 15_000;
/** From this number of lost workers on, the documents of a batch are separated, so that one of them holds up no other. */
const isolateAfterLosses = 2;

/** Handles a job `ingestion.batch` with the data `batch_id` and `is_alone`. Throws what prevents all of it, and the signal's reason. */
export function createBatchProcessor(dependencies: BatchDependencies) {
  return async ({ organizationId, data }: Job, signal: AbortSignal): Promise<void> => {
    const batchId = String(data.batch_id);
    if (data.is_alone !== 1) await letFill(batchId, dependencies, signal);
    const batch = await takeBatch(organizationId, batchId, dependencies);
    if (batch === undefined) return;
    const hold = keepHold(batch, dependencies, signal);
    try {
      await dependencies.onStep(
        'claimed',
        batch.items.map(({ externalId }) => externalId),
      );
      hold.signal.throwIfAborted();
      await processItems(batch, dependencies, hold.signal);
      await finishBatch(batch, dependencies);
    } catch (error) {
      // What the new holder does is not ours to judge.
      if (isAppError(error, 'BATCH_LOST')) return;
      await handBack(batch, dependencies);
      throw error;
    } finally {
      hold.release();
    }
  };
}

/** Until it is claimed, a batch takes in what is pushed; a full one costs hardly more than one of a single document. */
async function letFill(batchId: string, { clock, config }: BatchDependencies, signal: AbortSignal): Promise<void> {
  const ageMs = clock.now().getTime() - madeAtMs(batchId);
  const leftMs = Math.min(config.gatherMs, config.gatherMs - ageMs);
  if (leftMs > 0) await waitFor(leftMs, signal);
}

async function takeBatch(
  organizationId: string,
  batchId: string,
  { db }: BatchDependencies,
): Promise<HeldBatch | undefined> {
  return db.inOrganization(organizationId, async (transaction) => {
    const claimed = await claimBatch(transaction, batchId);
    if (claimed === undefined) return undefined;
    return { ...claimed, organizationId, items: await takeItems(transaction, batchId) };
  });
}

/** The signal aborts with the job's, and with BATCH_LOST as soon as it is known that another worker has the batch. */
function keepHold(batch: HeldBatch, { db }: BatchDependencies, jobSignal: AbortSignal) {
  const lost = new AbortController();
  const touch = async (): Promise<void> => {
    const isHeld = await db
      .inOrganization(batch.organizationId, (transaction) => touchBatch(transaction, fenceOf(batch)))
      // A database that is away says nothing about who holds the batch; every write asks again.
      .catch(() => true);
    if (!isHeld) lost.abort(batchLost());
  };
  const timer = setInterval(touch, touchIntervalMs);
  return { signal: AbortSignal.any([jobSignal, lost.signal]), release: () => clearInterval(timer) };
}

async function processItems(batch: HeldBatch, dependencies: BatchDependencies, signal: AbortSignal): Promise<void> {
  const { items, losses } = batch;
  const [only] = items;
  if (only !== undefined && losses >= isolateAfterLosses && items.length > 1) {
    await isolate(batch, dependencies);
    return;
  }
  if (only !== undefined && losses >= dependencies.config.workerLossLimit) {
    const error = new AppError('WORKER_LOST', 'invalid', ingestionErrors.WORKER_LOST);
    await settleFailures(batch, [{ item: only, stage: 'discovered', error }], dependencies);
    return;
  }
  const removals = items.filter(({ change }) => change === 'delete');
  if (removals.length > 0) await deleteItems(batch, removals, dependencies);
  const upserts = items.filter(({ change }) => change === 'upsert');
  for (const group of groupItems(upserts, dependencies.config)) {
    const room = await dependencies.budget.take(group.bytes, signal);
    try {
      await processGroup(batch, group.items, dependencies, signal);
    } finally {
      room.giveBack();
    }
  }
}

async function isolate(batch: HeldBatch, { db, ids, jobs }: BatchDependencies): Promise<void> {
  const { organizationId, sourceId } = batch;
  const moves = batch.items.map(({ id, revision }) => ({ id, revision, batchId: ids.next() }));
  const batches = moves.map(({ batchId }) => ({ id: batchId, size: 1, isAlone: true }));
  await db.inOrganization(organizationId, async (transaction) => {
    await requireHeld(transaction, batch);
    await isolateItems(transaction, moves);
    await insertBatches(transaction, { organizationId, sourceId }, batches);
    await sendBatchJobs(transaction, jobs, organizationId, batches);
  });
}

/** Together with the end of its tasks: whoever is killed in between leaves a task that waits for nothing. */
async function finishBatch(batch: HeldBatch, { db }: BatchDependencies): Promise<void> {
  const given = batch.items.flatMap(({ taskId }) => taskId ?? []);
  await db.inOrganization(batch.organizationId, async (transaction) => {
    await finishBatchRow(transaction, fenceOf(batch));
    const taskIds = await tasksOfBatch(transaction, batch.id);
    await endTasks(transaction, [...new Set([...taskIds, ...given])]);
  });
}

/** Best effort: what cannot be handed back now is claimed from us later. */
async function handBack(batch: HeldBatch, { db }: BatchDependencies): Promise<void> {
  await db
    .inOrganization(batch.organizationId, (transaction) => handBackBatch(transaction, fenceOf(batch)))
    .catch(() => undefined);
}
