/** One transaction: items, batches, their jobs, the source's cursor, and what is announced. */
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { Jobs } from '#platform/queue/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { ingestionErrors } from '../errors.ts';
import { recordFacts } from '../record-facts.ts';
import type { Acceptance, AcceptedDocument } from '../service.ts';
import { uploadsKind } from '../sources/corpus-external-id.ts';
import type { IngestionTransaction } from '../store.ts';
import { type BatchPlan, planBatches } from './plan-batches.ts';
import { type ChangePlan, planChanges } from './plan-changes.ts';
import { sendBatchJobs } from './send-batch-jobs.ts';
import {
  addUnchanged,
  assignItems,
  endTasks,
  growBatch,
  insertBatches,
  type KnownItem,
  lockItems,
  lockSource,
  lockTask,
  moveCursor,
  type SourceRow,
  takeOpenBatch,
  tallyLeavers,
  upsertItems,
} from './store.ts';
import { type Leaver, tallyOf } from './tally-leavers.ts';

export type AcceptDependencies = { jobs: Jobs; ids: Ids; config: IngestionConfig };

export type Accepted = {
  /** In the order of the documents, then of what was removed and was known. */
  items: { itemId: string; externalId: string }[];
  /** How many of them will be processed. */
  accepted: number;
  /** Pushed bytes that nobody waits for any more; to be deleted after the commit. */
  abandonedBlobs: string[];
};

type Context = AcceptDependencies & { organizationId: string; source: SourceRow; taskId: string };

/** `isOwnTask`: the task was made, sealed, in this very transaction. Throws what `Intake.accept` throws. */
export async function accept(
  transaction: IngestionTransaction,
  organizationId: string,
  acceptance: Acceptance & { isOwnTask?: boolean },
  dependencies: AcceptDependencies,
): Promise<Accepted> {
  const { taskId, checkpoint, isOwnTask = false } = acceptance;
  const source = await requireSource(transaction, acceptance);
  if (!isOwnTask) await requireOpenTask(transaction, acceptance, source);

  const documents = lastOfEach(acceptance.documents);
  const named = new Set(documents.map(({ externalId }) => externalId));
  const removed = [...new Set(acceptance.removed)].filter((externalId) => !named.has(externalId));
  const known = await lockItems(transaction, source.id, [...named, ...removed]);
  const plan = planChanges({ documents, removed, known });

  const context = { ...dependencies, organizationId, source, taskId };
  await writePlan(transaction, plan, context);
  if (plan.oldNews > 0) await addUnchanged(transaction, taskId, plan.oldNews);
  if (checkpoint !== undefined) await moveCursor(transaction, source.id, checkpoint);
  await partFrom(transaction, plan.leavers);
  const accepted = plan.upserts.length + plan.removals.length;
  return { items: itemsOf(acceptance, plan), accepted, abandonedBlobs: plan.abandonedBlobs };
}

async function requireSource(
  transaction: IngestionTransaction,
  { sourceId, documents, fence }: Acceptance,
): Promise<SourceRow> {
  const source = await lockSource(transaction, sourceId, fence?.syncAttempt);
  if (source === 'superseded') {
    throw new AppError('SOURCE_SYNC_SUPERSEDED', 'conflict', 'Another worker looks at the source by now.');
  }
  if (source === undefined || (source.state === 'deleted' && documents.length > 0)) {
    throw new AppError('SOURCE_NOT_FOUND', 'not-found', 'No source with this id is visible to the caller.');
  }
  return source;
}

/** A task of uploads takes documents of every collection, so of each of the built-in sources. */
async function requireOpenTask(
  transaction: IngestionTransaction,
  { taskId, sourceId }: Acceptance,
  source: SourceRow,
): Promise<void> {
  const task = await lockTask(transaction, taskId);
  const isOfSource = task?.sourceId === sourceId || (task?.kind === 'upload' && source.kind === uploadsKind);
  if (task === undefined || !isOfSource) {
    throw new AppError('TASK_NOT_FOUND', 'not-found', ingestionErrors.TASK_NOT_FOUND);
  }
  if (task.isSealed || task.state !== 'running') {
    throw new AppError('TASK_SEALED', 'conflict', ingestionErrors.TASK_SEALED);
  }
}

/** Of two versions of one document in one acceptance the later one counts. */
function lastOfEach(documents: readonly AcceptedDocument[]): AcceptedDocument[] {
  return [...new Map(documents.map((document) => [document.externalId, document])).values()];
}

async function writePlan(transaction: IngestionTransaction, plan: ChangePlan, context: Context): Promise<void> {
  const { source, taskId, organizationId, ids, config } = context;
  if (plan.upserts.length + plan.removals.length === 0) return;
  const open = await takeOpenBatch(transaction, source.id, config.batchDocuments);
  const sizes = [...plan.upserts.map(({ document }) => document), ...plan.removals.map(() => ({}))];
  const batches = planBatches(sizes, open, config, ids.next);
  await writeBatches(transaction, batches, context);

  const writes = plan.upserts.map(({ document, known }, index) => ({
    ...document,
    id: known?.id ?? ids.next(),
    batchId: batches.batchIds[index] ?? '',
  }));
  const { made } = await upsertItems(transaction, { organizationId, sourceId: source.id, taskId }, writes);
  // Somebody made one of them since we looked: what it was must be read first, so the whole comes again.
  if (made !== plan.upserts.filter(({ known }) => known === undefined).length) {
    throw new AppError('INTAKE_CONFLICT', 'conflict', ingestionErrors.INTAKE_CONFLICT);
  }
  const removals = plan.removals.map(({ id }, index) => ({
    id,
    batchId: batches.batchIds[plan.upserts.length + index] ?? '',
    change: 'delete' as const,
  }));
  await assignItems(transaction, taskId, removals);
  plan.upserts.forEach((upsert, index) => {
    upsert.known ??= newItem(writes[index]?.id ?? '', upsert.document);
  });
  await recordFacts(
    transaction,
    context,
    plan.upserts.map((upsert) => discovered(upsert, context)),
  );
}

const newItem = (id: string, { externalId }: AcceptedDocument): KnownItem => ({
  id,
  externalId,
  taskId: null,
  batchId: null,
  change: 'upsert',
  state: 'pending',
  sourceVersion: null,
  blobKey: null,
  documentId: null,
});

async function writeBatches(transaction: IngestionTransaction, batches: BatchPlan, context: Context): Promise<void> {
  const { organizationId, source, jobs } = context;
  if (batches.grown !== undefined) await growBatch(transaction, batches.grown.id, batches.grown.size);
  await insertBatches(transaction, { organizationId, sourceId: source.id }, batches.created);
  await sendBatchJobs(transaction, jobs, organizationId, batches.created);
}

function discovered({ document, known }: ChangePlan['upserts'][number], { source, taskId }: Context) {
  const itemId = known?.id ?? '';
  return {
    type: 'document.discovered' as const,
    itemId,
    data: {
      document_id: known?.documentId ?? null,
      item_id: itemId,
      task_id: taskId,
      source_id: source.id,
      source: source.kind,
      external_id: document.externalId,
      title: document.title ?? null,
      url: document.url ?? null,
      last_modified: document.modifiedAt?.toISOString() ?? null,
      metadata: {
        filename: document.filename,
        ...(document.sizeBytes !== undefined && { size_bytes: document.sizeBytes }),
        ...(document.version !== undefined && { version: document.version }),
      },
    },
  };
}

/** Their old tasks keep count of them, and end when these were the last they waited for. */
async function partFrom(transaction: IngestionTransaction, leavers: readonly Leaver[]): Promise<void> {
  const tallies = tallyOf(leavers);
  await tallyLeavers(transaction, tallies);
  await endTasks(
    transaction,
    tallies.map(({ taskId }) => taskId),
  );
}

function itemsOf({ documents, removed }: Acceptance, plan: ChangePlan): Accepted['items'] {
  const ids = new Map<string, string>();
  for (const { known } of plan.upserts) if (known !== undefined) ids.set(known.externalId, known.id);
  for (const { externalId, id } of [...plan.ignored, ...plan.removals]) ids.set(externalId, id);
  const names = [...documents.map(({ externalId }) => externalId), ...removed];
  return names.flatMap((externalId) => {
    const itemId = ids.get(externalId);
    return itemId === undefined ? [] : [{ itemId, externalId }];
  });
}
