/** Keeps a watcher on every source that can be watched; a change leads to a look at the source. */
import { isAppError } from '#platform/errors.ts';
import type { SourcesDependencies } from '../service.ts';
import { listActiveSources } from '../store.ts';
import { requestSync } from './request-sync.ts';

/** More than one process watches well; the others are looked at by their interval. */
const maxWatched = 1000;

type Dependencies = Pick<
  SourcesDependencies,
  'db' | 'connectors' | 'jobs' | 'ids' | 'clock' | 'config' | 'onBackgroundError'
>;
type Watched = { settings: string; close(): void };

export function watchSources(dependencies: Dependencies): { close(): Promise<void> } {
  const { db, config, onBackgroundError } = dependencies;
  const watchable = dependencies.connectors.filter((connector) => connector.watch !== undefined);
  const watched = new Map<string, Watched>();
  let isClosed = false;

  async function ask(organizationId: string, sourceId: string): Promise<void> {
    const request = { organizationId, sourceId, full: false, isKept: false };
    try {
      await db.inOrganization(organizationId, (transaction) => requestSync(transaction, dependencies, request));
    } catch (error) {
      // Paused or removed a moment ago: the watcher is on its way out.
      if (!isAppError(error, 'SOURCE_PAUSED', 'SOURCE_NOT_FOUND')) onBackgroundError(error);
    }
  }

  async function refresh(): Promise<void> {
    const kinds = watchable.map((connector) => connector.kind);
    const sources = await db.asSystem('find sources to watch', (transaction) =>
      listActiveSources(transaction, { kinds, limit: maxWatched }),
    );
    if (isClosed) return;
    const current = new Map(sources.map((source) => [source.id, source]));
    for (const [id, one] of watched) {
      if (JSON.stringify(current.get(id)?.settings) === one.settings) continue;
      one.close();
      watched.delete(id);
    }
    for (const { organizationId, id, kind, settings } of sources) {
      if (watched.has(id)) continue;
      const connector = watchable.find((one) => one.kind === kind);
      const watcher = connector?.watch?.(settings, () => void ask(organizationId, id));
      if (watcher === undefined) continue;
      watched.set(id, { settings: JSON.stringify(settings), close: watcher.close });
      // Whatever changed before the watcher was there.
      await ask(organizationId, id);
    }
  }

  const turn = () => refresh().catch(onBackgroundError);
  let refreshing = turn();
  const timer = setInterval(() => {
    refreshing = refreshing.then(turn);
  }, config.watchRefreshSeconds * 1000);
  return {
    async close() {
      isClosed = true;
      clearInterval(timer);
      await refreshing;
      for (const one of watched.values()) one.close();
      watched.clear();
    },
  };
}
