/** Documents that another pipeline made than the present one go through the stages again, from the bytes at their source. */
import type { Gateway } from '#modules/gateway/index.ts';
import { AppError, isAppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { ingestionErrors } from '../errors.ts';
import type { DurableIntake } from '../intake/create-intake.ts';
import { insertTask, lockSource, tallyLeavers } from '../intake/store.ts';
import { tallyOf } from '../intake/tally-leavers.ts';
import type { Parser } from '../ports.ts';
import { toFailure } from '../stages/judge-failure.ts';
import { pipelineOf } from '../stages/pipeline.ts';
import type { IngestionTables } from '../store.ts';
import { requeueItems } from './requeue-items.ts';
import { listCompletedItems } from './store.ts';

export type ReprocessDependencies = {
  db: TableDatabase<IngestionTables>;
  intake: Pick<DurableIntake, 'sealTask'>;
  parser: Pick<Parser, 'formatOf'>;
  gateway: Pick<Gateway, 'embeddingSpace'>;
  jobs: Jobs;
  ids: Ids;
  config: IngestionConfig;
  /** False for kinds of sources whose documents are pushed; of these, those can be made anew whose bytes are kept. */
  canFetch: (sourceKind: string) => boolean;
};

type Place = { organizationId: string; sourceId: string; taskId: string; canFetch: boolean };

const itemsPerTurn = 500;
const mostTurns = 10_000;

export function createReprocessing(dependencies: ReprocessDependencies) {
  const { db, intake, ids } = dependencies;

  /** One page of the source's items; undefined after the last. */
  function requeuePage(place: Place, afterId: string | undefined) {
    return db.inOrganization(place.organizationId, async (transaction) => {
      const query = { sourceId: place.sourceId, afterId, limit: itemsPerTurn };
      const items = await listCompletedItems(transaction, query);
      const outdated = items.filter((item) => item.pipeline !== presentPipeline(item.filename, dependencies));
      const available = outdated.filter(
        ({ filename, originalKey }) => isRead(filename, dependencies) && (place.canFetch || originalKey !== null),
      );
      const changes = available.map(({ id, sizeBytes }) => ({ id, sizeBytes, change: 'upsert' as const }));
      await requeueItems(transaction, place, changes, dependencies);
      await tallyLeavers(transaction, tallyOf(available.map(({ taskId }) => ({ taskId, state: 'completed' }))));
      return {
        lastId: items.at(-1)?.id,
        unchanged: items.length - outdated.length,
        lost: outdated.length - available.length,
      };
    });
  }

  /** All of them, page by page. */
  async function requeueAll(place: Place): Promise<{ unchanged: number; lost: number }> {
    let afterId: string | undefined;
    const all = { unchanged: 0, lost: 0 };
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const page = await requeuePage(place, afterId);
      all.unchanged += page.unchanged;
      all.lost += page.lost;
      if (page.lastId === undefined) break;
      afterId = page.lastId;
    }
    return all;
  }

  /** Returns when all of them wait for a worker. Of those whose bytes are not kept the task tells. Throws SOURCE_NOT_FOUND. */
  return async (organizationId: string, sourceId: string): Promise<{ taskId: string }> => {
    const taskId = ids.next();
    const canFetch = await db.inOrganization(organizationId, async (transaction) => {
      const source = await lockSource(transaction, sourceId);
      if (source === undefined || source === 'superseded' || source.state === 'deleted') {
        throw new AppError('SOURCE_NOT_FOUND', 'not-found', 'No source with this id is visible to the caller.');
      }
      await insertTask(transaction, { organizationId, id: taskId, sourceId, kind: 'reprocess', isSealed: false });
      return dependencies.canFetch(source.kind);
    });
    try {
      const { unchanged, lost } = await requeueAll({ organizationId, sourceId, taskId, canFetch });
      const failure = lost === 0 ? undefined : { code: 'REPROCESS_UNSUPPORTED', message: lostMessage(lost) };
      await intake.sealTask(organizationId, taskId, { unchanged, ...(failure && { failure }) });
    } catch (error) {
      const { code, message } = toFailure(error);
      // What it holds already is done; should the database be away, the reconciliation ends it later.
      await intake.sealTask(organizationId, taskId, { failure: { code, message } }).catch(() => undefined);
      throw error;
    }
    return { taskId };
  };
}

const lostMessage = (lost: number): string =>
  `${lost} documents stay as they are. ${ingestionErrors.REPROCESS_UNSUPPORTED}`;

/** Undefined when its format is not read any more. */
function presentPipeline(filename: string, dependencies: ReprocessDependencies): string | undefined {
  const { parser, gateway, config } = dependencies;
  if (!isRead(filename, dependencies)) return undefined;
  return pipelineOf(parser.formatOf(filename), { embeddingSpace: gateway.embeddingSpace, config });
}

function isRead(filename: string, { parser }: Pick<ReprocessDependencies, 'parser'>): boolean {
  try {
    parser.formatOf(filename);
    return true;
  } catch (error) {
    if (isAppError(error, 'FORMAT_UNSUPPORTED')) return false;
    throw error;
  }
}
