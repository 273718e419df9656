/** Documents that another pipeline made than the present one go through the stages again, from the bytes at their source. */
import type { Gateway } from '#modules/gateway/index.ts';
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { ingestionErrors } from '../errors.ts';
import type { DurableIntake } from '../intake/create-intake.ts';
import { insertTask, lockSource } from '../intake/store.ts';
import type { Parser } from '../ports.ts';
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

const itemsPerTurn = 500;
const mostTurns = 10_000;

export function createReprocessing(dependencies: ReprocessDependencies) {
  const { db, intake, ids } = dependencies;

  /** One page of the source's items; undefined after the last. */
  function requeuePage(
    place: { organizationId: string; sourceId: string; taskId: string; canFetch: boolean },
    afterId: string | undefined,
  ) {
    return db.inOrganization(place.organizationId, async (transaction) => {
      const query = { sourceId: place.sourceId, afterId, limit: itemsPerTurn };
      const items = await listCompletedItems(transaction, query);
      const outdated = items.filter((item) => item.pipeline !== presentPipeline(item.filename, dependencies));
      const available = outdated.filter(({ originalKey }) => place.canFetch || originalKey !== null);
      const changes = available.map(({ id, sizeBytes }) => ({ id, sizeBytes, change: 'upsert' as const }));
      await requeueItems(transaction, place, changes, dependencies);
      return {
        lastId: items.at(-1)?.id,
        unchanged: items.length - outdated.length,
        lost: outdated.length - available.length,
      };
    });
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
    let afterId: string | undefined;
    let unchanged = 0;
    let lost = 0;
    for (let turn = 0; turn < mostTurns; turn += 1) {
      const page = await requeuePage({ organizationId, sourceId, taskId, canFetch }, afterId);
      unchanged += page.unchanged;
      lost += page.lost;
      if (page.lastId === undefined) break;
      afterId = page.lastId;
    }
    const failure = lost === 0 ? undefined : { code: 'REPROCESS_UNSUPPORTED', message: lostMessage(lost) };
    await intake.sealTask(organizationId, taskId, { unchanged, ...(failure && { failure }) });
    return { taskId };
  };
}

const lostMessage = (lost: number): string =>
  `${lost} documents stay as they are. ${ingestionErrors.REPROCESS_UNSUPPORTED}`;

function presentPipeline(filename: string, { parser, gateway, config }: ReprocessDependencies): string {
  return pipelineOf(parser.formatOf(filename), { embeddingSpace: gateway.embeddingSpace, config });
}
