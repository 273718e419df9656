/** Sources of documents: what is made of the parts beside this file. */
import { AppError, isAppError } from '#platform/errors.ts';
import { createAdministration } from './administration.ts';
import { connectorOf } from './connector-of.ts';
import { sourceErrors } from './errors.ts';
import { createListing } from './listing.ts';
import { createLooking } from './looking/look-at-source.ts';
import { requestSync, requireMade, sourceNotFound, syncQueue } from './looking/request-sync.ts';
import { watchSources } from './looking/watching.ts';
import { createPushes } from './pushes.ts';
import { createRemoval, removalQueue } from './removal.ts';
import type { Sources, SourcesDependencies } from './service.ts';
import { findSource, listDueSources } from './store.ts';

const dueSourcesPerTurn = 200;
/** Looks of one process at the same time: they wait for disks and networks more than they compute. */
const looksAtOnce = 2;
const maxDeliveries = 10;

export function createSources(dependencies: SourcesDependencies): Sources {
  const { db, connectors, config, onBackgroundError } = dependencies;
  const removal = createRemoval(dependencies);
  const administration = createAdministration(dependencies);

  return {
    ...administration,
    ...createListing(dependencies),
    remove: removal.remove,
    async sync(organizationId, sourceId, { full }) {
      const { kind } = await administration.show(organizationId, sourceId);
      requireMade({ kind });
      if (connectorOf(connectors, kind).receive !== undefined)
        throw new AppError('SOURCE_SYNC_UNSUPPORTED', 'invalid', sourceErrors.SOURCE_SYNC_UNSUPPORTED);
      const request = { organizationId, sourceId, full, isKept: true };
      return db.inOrganization(organizationId, (transaction) => requestSync(transaction, dependencies, request));
    },
    ...createPushes(dependencies),
    async fetch(organizationId, sourceId, externalId, signal) {
      const source = await db.inOrganization(organizationId, (transaction) => findSource(transaction, sourceId));
      if (source === undefined) throw sourceNotFound();
      return connectorOf(connectors, source.kind).fetch(source.settings, externalId, signal);
    },
    canFetch: (kind) => connectors.some((connector) => connector.kind === kind && connector.receive === undefined),
    async syncDueSources() {
      const due = await db.asSystem('find sources that are due', (transaction) =>
        listDueSources(transaction, { staleSeconds: config.staleSyncSeconds, limit: dueSourcesPerTurn }),
      );
      for (const { organizationId, id: sourceId } of due) {
        const request = { organizationId, sourceId, full: false, isKept: false };
        try {
          await db.inOrganization(organizationId, (transaction) => requestSync(transaction, dependencies, request));
        } catch (error) {
          // Paused or removed since it was found.
          if (!isAppError(error, 'SOURCE_PAUSED', 'SOURCE_NOT_FOUND')) onBackgroundError(error);
        }
      }
      return due.length;
    },
    tidyRemovedSources: removal.tidyRemovedSources,
    watchSources: () => watchSources(dependencies),
    queues: [
      { name: syncQueue, concurrency: looksAtOnce, maxAttempts: maxDeliveries, handle: createLooking(dependencies) },
      { name: removalQueue, concurrency: 1, maxAttempts: maxDeliveries, handle: removal.removeDocuments },
    ],
  };
}
