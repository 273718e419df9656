/** The job that looks at a source until nobody has asked for another look meanwhile, and then ends its task. */
import { isAppError } from '#platform/errors.ts';
import type { Job } from '#platform/queue/ports.ts';
import { connectorOf } from '../connector-of.ts';
import type { SourcesDependencies } from '../service.ts';
import { claimSync, deleteEmptyTask, endSync, findSource, type SourceRow } from '../store.ts';
import { type Look, lookOnce, superseded, type Tally } from './look-once.ts';

type Dependencies = Pick<SourcesDependencies, 'db' | 'connectors' | 'intake' | 'clock' | 'config'>;

/** A source that is asked for all the time is looked at this often in one job; the rest waits for the next. */
const maxRounds = 20;
/** A look may take a tenth of the time. */
const restFactor = 9;
const nothing: Tally = { told: 0, known: 0, failure: undefined };

export function createLooking(dependencies: Dependencies): (job: Job, signal: AbortSignal) => Promise<void> {
  const { db } = dependencies;
  return async function lookAtSource({ organizationId, data }, signal) {
    const sourceId = String(data.source_id);
    const jobTaskId = String(data.task_id);
    const source = await db.inOrganization(organizationId, (transaction) => claimSync(transaction, sourceId));
    // An earlier delivery of this job came to its end and only could not say so.
    if (source?.sync_task_id !== jobTaskId) await seal(dependencies, { organizationId, taskId: jobTaskId }, nothing);
    const taskId = source?.sync_task_id ?? undefined;
    if (source === undefined || taskId === undefined) return;
    const look = { organizationId, source, taskId, signal };
    try {
      await lookUntilQuiet(dependencies, look);
    } catch (error) {
      if (isAppError(error, 'SOURCE_SYNC_SUPERSEDED')) await endCutShort(dependencies, look);
      else if (isAppError(error, 'TASK_SEALED', 'TASK_NOT_FOUND')) await endCanceled(dependencies, look);
      else throw error;
    }
  };
}

async function lookUntilQuiet(dependencies: Dependencies, look: Look): Promise<void> {
  const { db, clock } = dependencies;
  let told = 0;
  for (let round = 1; round <= maxRounds; round += 1) {
    // The cursor and the requests as they are before this round: one that comes during it leads to another.
    const source = await db.inOrganization(look.organizationId, (transaction) =>
      findSource(transaction, look.source.id),
    );
    if (source === undefined || source.sync_attempt !== look.source.sync_attempt) throw superseded();
    const startedMs = clock.monotonicMs();
    const tally = await lookOnce(dependencies, { ...look, source }, source.full_sync_requested);
    told += tally.told;
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    const total = { ...tally, told };
    const isLastRound = round === maxRounds;
    if (await endLook(dependencies, { ...look, source }, { tally: total, seconds, isLastRound })) return;
  }
}

type Round = { tally: Tally; seconds: number; isLastRound: boolean };

/** False when somebody has asked for another look meanwhile. A task that nobody waits for and that holds nothing goes. */
async function endLook(
  dependencies: Dependencies,
  look: Look,
  { tally, seconds, isLastRound }: Round,
): Promise<boolean> {
  const { organizationId, source, taskId } = look;
  const { failure } = tally;
  const requests = failure !== undefined || isLastRound ? undefined : source.sync_requests;
  const holder = { sourceId: source.id, attempt: source.sync_attempt, requests };
  const nextInSeconds = pauseAfter(dependencies, source, { failed: failure !== undefined, seconds });
  const isForNobody = tally.told === 0 && failure === undefined;
  const isOver = await dependencies.db.inOrganization(organizationId, async (transaction) => {
    const ended = await endSync(transaction, holder, { failure, nextInSeconds });
    if (ended === undefined) return false;
    if (isForNobody && !ended.wasKept) await deleteEmptyTask(transaction, taskId);
    return true;
  });
  if (isOver) await seal(dependencies, look, tally);
  return isOver;
}

function pauseAfter(
  { connectors, config }: Dependencies,
  source: SourceRow,
  { failed, seconds }: { failed: boolean; seconds: number },
): number | undefined {
  const interval = connectorOf(connectors, source.kind).intervalSeconds;
  if (interval === undefined) return undefined;
  if (!failed) return Math.max(interval, seconds * restFactor);
  return Math.min(interval * 2 ** Math.min(source.failures_in_a_row, 30), config.longestBackoffSeconds);
}

async function seal(
  { intake }: Dependencies,
  { organizationId, taskId }: Pick<Look, 'organizationId' | 'taskId'>,
  { known, told, failure }: Tally,
): Promise<void> {
  const unchanged = Math.max(0, known - told);
  try {
    await intake.sealTask(organizationId, taskId, { unchanged, ...(failure === undefined ? {} : { failure }) });
  } catch (error) {
    // An earlier delivery of this job sealed it, or it went as a task without documents.
    if (!isAppError(error, 'TASK_SEALED', 'TASK_NOT_FOUND')) throw error;
  }
}

/** Whoever took the look over ends its task; that of a source that was paused or removed is ended here. */
async function endCutShort(dependencies: Dependencies, look: Look): Promise<void> {
  const { organizationId, source } = look;
  const failure = await dependencies.db.inOrganization(organizationId, async (transaction) => {
    const current = await findSource(transaction, source.id);
    if (current === undefined) return removedMeanwhile;
    if (current.state !== 'paused') return undefined;
    const ended = await endSync(transaction, holderOf(source), { isCutShort: true, nextInSeconds: undefined });
    return ended === undefined ? undefined : pausedMeanwhile;
  });
  if (failure !== undefined) await seal(dependencies, look, { ...nothing, failure });
}

/** Somebody canceled the task, which takes no more documents; the next look has one of its own. */
async function endCanceled(dependencies: Dependencies, { organizationId, source }: Look): Promise<void> {
  const nextInSeconds = pauseAfter(dependencies, source, { failed: false, seconds: 0 });
  await dependencies.db.inOrganization(organizationId, (transaction) =>
    endSync(transaction, holderOf(source), { isCutShort: true, nextInSeconds }),
  );
}

const holderOf = ({ id, sync_attempt: attempt }: SourceRow) => ({ sourceId: id, attempt, requests: undefined });

const pausedMeanwhile = {
  code: 'SOURCE_PAUSED',
  message: 'The source was paused while it was looked at. Resume it to have the rest.',
};
const removedMeanwhile = { code: 'SOURCE_NOT_FOUND', message: 'The source was removed while it was looked at.' };
