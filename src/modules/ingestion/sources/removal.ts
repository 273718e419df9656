/** Removing a source: out of sight at once, its documents in portions, the rest remembered for a while. */
import { isAppError } from '#platform/errors.ts';
import type { Job } from '#platform/queue/ports.ts';
import { requireMade, sourceNotFound } from './looking/request-sync.ts';
import type { Sources, SourcesDependencies } from './service.ts';
import {
  changeSource,
  deleteTombstone,
  insertSourceTask,
  listKnownRows,
  listRemovedSources,
  lockSource,
} from './store.ts';

export const removalQueue = 'ingestion.removal';

const portion = 500;
/** More than any source holds. */
const maxPortions = 20_000;
/** Time for a push that was under way when the source was removed. */
const restSeconds = 600;
/** As long as deletions are remembered elsewhere. */
const tombstoneDays = 30;
const removalsPerTidying = 100;

type Dependencies = Pick<SourcesDependencies, 'db' | 'intake' | 'jobs' | 'ids' | 'clock'>;

export function createRemoval({ db, intake, jobs, ids, clock }: Dependencies) {
  /** Gives the removal a task and a job. */
  async function begin(
    organizationId: string,
    sourceId: string,
    wants: 'active' | 'deleted',
  ): Promise<{ taskId: string }> {
    const taskId = ids.next();
    await db.inOrganization(organizationId, async (transaction) => {
      const source = await lockSource(transaction, sourceId);
      if (source === undefined || (source.state === 'deleted') !== (wants === 'deleted')) throw sourceNotFound();
      requireMade(source);
      await insertSourceTask(transaction, { organizationId, id: taskId, sourceId, kind: 'removal' });
      await changeSource(transaction, sourceId, {
        state: 'deleted',
        removed_at: source.removed_at ?? clock.now(),
        // Another source may take the name.
        name: `${sourceId} (removed)`,
        sync_task_id: null,
        sync_attempt: source.sync_attempt + 1,
        next_sync_at: null,
      });
      const data = { source_id: sourceId, task_id: taskId };
      await jobs.send(transaction, [{ queue: removalQueue, organizationId, data, key: sourceId }]);
    });
    return { taskId };
  }

  async function countLeft(organizationId: string, sourceId: string): Promise<number> {
    const page = { sourceId, after: undefined, limit: 1 };
    const rows = await db.inOrganization(organizationId, (transaction) => listKnownRows(transaction, page));
    return rows.length;
  }

  return {
    remove: (organizationId, sourceId) => begin(organizationId, sourceId, 'active'),
    async removeDocuments({ organizationId, data }: Job, signal: AbortSignal): Promise<void> {
      const sourceId = String(data.source_id);
      const taskId = String(data.task_id);
      let after: string | undefined;
      for (let count = 0; count < maxPortions; count += 1) {
        signal.throwIfAborted();
        const page = { sourceId, after, limit: portion };
        const rows = await db.inOrganization(organizationId, (transaction) => listKnownRows(transaction, page));
        if (rows.length === 0) break;
        const removed = rows.map((row) => row.externalId);
        await intake.accept(organizationId, { sourceId, taskId, documents: [], removed });
        after = removed.at(-1);
      }
      try {
        await intake.sealTask(organizationId, taskId);
      } catch (error) {
        if (!isAppError(error, 'TASK_SEALED')) throw error;
      }
    },
    async tidyRemovedSources() {
      const found = await db.asSystem('find removed sources', (transaction) =>
        listRemovedSources(transaction, { restSeconds, limit: removalsPerTidying }),
      );
      for (const { organizationId, id } of found) {
        if ((await countLeft(organizationId, id)) > 0) await begin(organizationId, id, 'deleted');
        else {
          await db.inOrganization(organizationId, async (transaction) => {
            await deleteTombstone(transaction, id, tombstoneDays);
          });
        }
      }
      return found.length;
    },
  } satisfies Pick<Sources, 'remove' | 'tidyRemovedSources'> & Record<string, unknown>;
}
