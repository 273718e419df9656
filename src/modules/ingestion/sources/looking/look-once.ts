/** One look at a source: what its connector yields is accepted in portions, each moving the cursor. */
import { AppError, isAppError } from '#platform/errors.ts';
import type { Change, DiscoveredDocument, KnownDocuments } from '../../service.ts';
import { connectorOf } from '../connector-of.ts';
import { sourceErrors } from '../errors.ts';
import type { SourcesDependencies } from '../service.ts';
import { listKnownRows, type SourceRow, touchSync, writeFingerprints } from '../store.ts';

type Dependencies = Pick<SourcesDependencies, 'db' | 'connectors' | 'intake'>;

export type Look = { organizationId: string; source: SourceRow; taskId: string; signal: AbortSignal };
export type Failure = { code: string; message: string };

/** What a look found. `failure`: the source could not be looked through to its end. */
export type Tally = { told: number; known: number; failure: Failure | undefined };

/** Changes that are accepted together when the connector makes no checkpoint before. */
const portion = 500;

/** Throws SOURCE_SYNC_SUPERSEDED when the look is another's by now, or when the source is paused or gone. */
export async function lookOnce(dependencies: Dependencies, look: Look, full: boolean): Promise<Tally> {
  const { source, signal } = look;
  const connector = connectorOf(dependencies.connectors, source.kind);
  const cursor = full ? undefined : (source.cursor ?? undefined);
  const changes = connector.changes(source.settings, cursor, signal, knownOf(dependencies, look, full));
  const tally: Tally = { told: 0, known: 0, failure: undefined };
  for await (const { part, failure } of portionsOf(changes, signal)) {
    tally.failure = failure;
    await acceptPortion(dependencies, look, { part, tally });
  }
  return tally;
}

/** The changes up to each checkpoint, or as many as are accepted together. */
async function* portionsOf(
  changes: AsyncIterable<Change>,
  signal: AbortSignal,
): AsyncGenerator<{ part: Change[]; failure: Failure | undefined }> {
  let part: Change[] = [];
  let failure: Failure | undefined;
  try {
    for await (const change of changes) {
      part.push(change);
      if (part.length < portion && change.kind !== 'checkpoint') continue;
      yield { part, failure };
      part = [];
    }
  } catch (error) {
    failure = failureOf(error, signal);
  }
  yield { part, failure };
}

/** Why the connector could not go on. What the signal or the database says is not the source's fault. */
function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) throw signal.reason;
  if (!isAppError(error) || error.code.startsWith('DATABASE_')) throw error;
  return { code: error.code, message: error.message };
}

async function acceptPortion(
  { db, intake }: Dependencies,
  { organizationId, source, taskId }: Look,
  { part, tally }: { part: Change[]; tally: Tally },
): Promise<void> {
  const hold = async (seen?: Parameters<typeof touchSync>[2]) => {
    const holder = { sourceId: source.id, attempt: source.sync_attempt };
    const isHeld = await db.inOrganization(organizationId, (transaction) => touchSync(transaction, holder, seen));
    if (!isHeld) throw superseded();
  };
  const documents = lastOfEach(part);
  const removed = part.flatMap((change) => (change.kind === 'delete' ? [change.externalId] : []));
  const checkpoint = part.findLast((change) => change.kind === 'checkpoint');
  await hold();
  if (documents.length + removed.length > 0) {
    const fence = { syncAttempt: source.sync_attempt };
    await intake.accept(organizationId, { sourceId: source.id, taskId, documents, removed, checkpoint, fence });
    tally.told += documents.length + removed.length;
  }
  const marked = documents.flatMap(({ externalId, fingerprint }) =>
    fingerprint === undefined ? [] : [{ externalId, fingerprint }],
  );
  if (marked.length > 0) {
    await db.inOrganization(organizationId, (transaction) => writeFingerprints(transaction, source.id, marked));
  }
  if (checkpoint === undefined) return;
  const { cursor, known, problem } = checkpoint;
  if (known === undefined) return hold({ cursor });
  tally.known = known;
  const { code: failure_code = null, message: failure_message = null } = problem ?? {};
  await hold({ cursor, known_documents: known, failure_code, failure_message });
}

function knownOf({ db }: Dependencies, { organizationId, source }: Look, full: boolean): KnownDocuments {
  return {
    async list(after, limit) {
      const page = { sourceId: source.id, after, limit };
      const rows = await db.inOrganization(organizationId, (transaction) => listKnownRows(transaction, page));
      return rows.map(({ externalId, fingerprint }) => ({
        externalId,
        fingerprint: full ? undefined : (fingerprint ?? undefined),
      }));
    },
  };
}

/** One acceptance names a document once; what was told last counts. */
function lastOfEach(changes: readonly Change[]): DiscoveredDocument[] {
  const documents = new Map<string, DiscoveredDocument>();
  for (const change of changes) {
    if (change.kind === 'upsert') documents.set(change.document.externalId, change.document);
    if (change.kind === 'delete') documents.delete(change.externalId);
  }
  return [...documents.values()];
}

export const superseded = (): AppError =>
  new AppError('SOURCE_SYNC_SUPERSEDED', 'conflict', sourceErrors.SOURCE_SYNC_SUPERSEDED);
