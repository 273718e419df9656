/** What the scheduler does so that nothing stays behind: batches without a job, tasks without an end. */
import type { Jobs } from '#platform/queue/ports.ts';
import { ingestionErrors } from '../errors.ts';
import { sendBatchJobs } from '../intake/send-batch-jobs.ts';
import { endTasks } from '../intake/store.ts';
import {
  findIdleBatches,
  findOldOrganizations,
  findPendingBatches,
  findRunningTasks,
  pruneOld,
  sealIdleTasks,
  touchIdleBatches,
} from './store.ts';
import { createSweep, type SweepDependencies } from './sweep-blobs.ts';

export type Maintenance = {
  /** Gives a job to each batch that nobody sees to, and ends tasks that nobody ended or sealed. For the scheduler, each minute. */
  reconcile(): Promise<{ batches: number; tasks: number }>;
  /** Gives jobs to what waits for a source, which was paused until now. */
  wakeSource(organizationId: string, sourceId: string): Promise<void>;
  /** Deletes stored bytes and checkpoints that nobody needs. For the scheduler, each hour. */
  sweepBlobs(): Promise<number>;
  /** Forgets done batches and what ended `ingestion.taskRetentionDays` ago. For the scheduler, each hour. */
  prune(): Promise<number>;
};

type Dependencies = SweepDependencies & { jobs: Jobs };

/** A waiting job needs no other, and a second one is refused by its key; this is for those that were lost. */
const pendingSeconds = 60;
/** Holders touch their batch four times a minute. */
const runningSeconds = 180;
/** When somebody waits for a source that goes on. */
const silentSeconds = 45;
const idleAtOnce = 1000;
const tasksAtOnce = 1000;
const wokenAtOnce = 10_000;
const rowsPerPrune = 5000;
const mostPruneTurns = 100;

export function createMaintenance(dependencies: Dependencies): Maintenance {
  return { ...createReconciliation(dependencies), ...createSweep(dependencies), prune: createPruning(dependencies) };
}

function createReconciliation({ db, jobs, config }: Dependencies): Pick<Maintenance, 'reconcile' | 'wakeSource'> {
  async function reconcileBatches(): Promise<number> {
    const query = { pendingSeconds, runningSeconds, limit: idleAtOnce };
    const idle = await db.asSystem('find batches that nobody works on', (transaction) =>
      findIdleBatches(transaction, query),
    );
    for (const [organizationId, batches] of Map.groupBy(idle, (batch) => batch.organizationId)) {
      await db.inOrganization(organizationId, async (transaction) => {
        const ids = await touchIdleBatches(
          transaction,
          batches.map(({ id }) => id),
        );
        await sendBatchJobs(transaction, jobs, organizationId, ids.map(toBatch));
      });
    }
    return idle.length;
  }

  async function reconcileTasks(): Promise<number> {
    const openHours = config.openTaskHours;
    const query = { sealedSeconds: pendingSeconds, openHours, limit: tasksAtOnce };
    const running = await db.asSystem('find tasks that nobody ended', (transaction) =>
      findRunningTasks(transaction, query),
    );
    const forgotten = { code: 'TASK_FORGOTTEN', message: ingestionErrors.TASK_FORGOTTEN };
    let ended = 0;
    for (const [organizationId, tasks] of Map.groupBy(running, (task) => task.organizationId)) {
      const idsOf = (isSealed: boolean) => tasks.filter((task) => task.isSealed === isSealed).map(({ id }) => id);
      const done = await db.inOrganization(organizationId, async (transaction) => {
        // Whoever opened them forgot them, or was killed.
        const sealed = await sealIdleTasks(transaction, idsOf(false), { hours: openHours, failure: forgotten });
        return endTasks(transaction, [...idsOf(true), ...sealed]);
      });
      ended += done.length;
    }
    return ended;
  }

  return {
    reconcile: async () => ({ batches: await reconcileBatches(), tasks: await reconcileTasks() }),
    wakeSource: (organizationId, sourceId) =>
      db.inOrganization(organizationId, async (transaction) => {
        const ids = await findPendingBatches(transaction, { sourceId, silentSeconds, limit: wokenAtOnce });
        await sendBatchJobs(transaction, jobs, organizationId, ids.map(toBatch));
      }),
  };
}

const toBatch = (id: string) => ({ id });

function createPruning({ db, config }: Dependencies): Maintenance['prune'] {
  return async () => {
    let pruned = 0;
    const query = { days: config.taskRetentionDays, limit: rowsPerPrune };
    for (let turn = 0; turn < mostPruneTurns; turn += 1) {
      const organizations = await db.asSystem('find ended batches and tasks', (transaction) =>
        findOldOrganizations(transaction, query),
      );
      if (organizations.length === 0) break;
      for (const organizationId of organizations) {
        pruned += await db.inOrganization(organizationId, (transaction) => pruneOld(transaction, query));
      }
    }
    return pruned;
  };
}
