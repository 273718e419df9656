/** Making, showing, changing and pausing sources. */
import { AppError } from '#platform/errors.ts';
import { isUniqueViolation } from '#platform/postgres/errors.ts';
import { connectorOf } from './connector-of.ts';
import { uploadsKind } from './corpus-external-id.ts';
import { sourceErrors } from './errors.ts';
import { requestSync, requireMade, sourceNotFound } from './looking/request-sync.ts';
import type { Source, Sources, SourcesDependencies } from './service.ts';
import {
  changeSource,
  countItems,
  findSource,
  insertSource,
  lockSource,
  type SourcePatch,
  type SourceRow,
  type SourceTransaction,
} from './store.ts';

type Administration = Pick<Sources, 'create' | 'show' | 'change' | 'pause' | 'resume'>;

export function createAdministration(dependencies: Omit<SourcesDependencies, 'intake'>): Administration {
  const { db, connectors } = dependencies;
  const lookedAt = (kind: string) =>
    connectors.some((connector) => connector.kind === kind && connector.receive === undefined);

  async function inSource(
    organizationId: string,
    sourceId: string,
    work: (transaction: SourceTransaction, source: SourceRow) => Promise<SourceRow>,
  ): Promise<Source> {
    return db
      .inOrganization(organizationId, async (transaction) => {
        // Held: it must not be removed between this look and the change.
        const source = await lockSource(transaction, sourceId);
        if (source === undefined || source.state === 'deleted') throw sourceNotFound();
        return withCounts(transaction, await work(transaction, source));
      })
      .catch(rethrowTakenName);
  }

  const show: Administration['show'] = (organizationId, sourceId) =>
    db.inOrganization(organizationId, async (transaction) => {
      const source = await findSource(transaction, sourceId);
      if (source === undefined) throw sourceNotFound();
      return withCounts(transaction, source);
    });

  return {
    show,
    async create(organizationId, { kind, name, collectionId, settings }, author) {
      refuseReservedName(name);
      const complete = await connectorOf(connectors, kind).validate(settings, author);
      if (collectionId !== undefined) await dependencies.requireCollection(organizationId, collectionId);
      const id = dependencies.ids.next();
      const isLookedAt = lookedAt(kind);
      return db
        .inOrganization(organizationId, async (transaction) => {
          const source = { organizationId, id, kind, name, collectionId, settings: complete, isLookedAt };
          return withCounts(transaction, await insertSource(transaction, source));
        })
        .catch(rethrowTakenName);
    },
    async change(organizationId, sourceId, { name, settings }, author) {
      refuseReservedName(name);
      const { kind } = await show(organizationId, sourceId);
      const complete =
        settings === undefined ? undefined : await connectorOf(connectors, kind).validate(settings, author);
      const patch: SourcePatch = {
        ...(name === undefined ? {} : { name }),
        ...(complete === undefined ? {} : { settings: complete, cursor: null, known_documents: null }),
      };
      return inSource(organizationId, sourceId, async (transaction, source) => {
        requireMade(source);
        const changed = await changeSource(transaction, sourceId, patch);
        if (complete !== undefined && source.state === 'active' && lookedAt(kind)) {
          await requestSync(transaction, dependencies, { organizationId, sourceId, full: true, isKept: true });
        }
        return changed;
      });
    },
    pause: (organizationId, sourceId) =>
      inSource(organizationId, sourceId, (transaction, source) => {
        requireMade(source);
        return changeSource(transaction, sourceId, { state: 'paused', next_sync_at: null });
      }),
    resume: (organizationId, sourceId) =>
      inSource(organizationId, sourceId, (transaction, { kind }) =>
        changeSource(transaction, sourceId, {
          state: 'active',
          failures_in_a_row: 0,
          next_sync_at: lookedAt(kind) ? dependencies.clock.now() : null,
        }),
      ),
  };
}

async function withCounts(transaction: SourceTransaction, source: SourceRow): Promise<Source> {
  return toSource(source, (await countItems(transaction, [source.id])).get(source.id));
}

/** A source that is looked at says itself how much there is; of the others is known what they brought. */
export function toSource(source: SourceRow, found = { known: 0, searchable: 0, failed: 0, pending: 0 }): Source {
  const known = Math.max(source.known_documents ?? 0, found.known);
  const isLookedThrough = source.known_documents !== null || known > 0;
  const coverage = known === 0 ? Number(isLookedThrough) : Math.min(1, found.searchable / known);
  return { ...source, counts: { ...found, known }, coverage };
}

/** The built-in sources are made when they are needed, and must find their names free. */
function refuseReservedName(name: string | undefined): void {
  if (!name?.trim().toLowerCase().startsWith(uploadsKind)) return;
  throw new AppError('SOURCE_NAME_RESERVED', 'invalid', sourceErrors.SOURCE_NAME_RESERVED);
}

function rethrowTakenName(error: unknown): never {
  if (!isUniqueViolation(error, 'ingestion_sources_name_key')) throw error;
  throw new AppError('SOURCE_NAME_TAKEN', 'conflict', sourceErrors.SOURCE_NAME_TAKEN, { cause: error });
}
