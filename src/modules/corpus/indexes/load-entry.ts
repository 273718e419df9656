/** An index on its way into memory: it reads the whole collection, and what changed meanwhile. */
import type { Clock } from '#platform/clock.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { ChunkSource, CollectionKey, SearchedSpace } from '../chunk-source.ts';
import { createFiller } from './fill-index.ts';
import { createLoadedIndex, type LoadedIndex } from './loaded-index.ts';
import { createTurns } from './take-turns.ts';

export type OpenedIndex = { index: SearchIndex; lacksVectors: boolean };

export type Entry = {
  key: CollectionKey;
  loaded: LoadedIndex | undefined;
  loading: Promise<OpenedIndex>;
  /** Undefined until the loading begins. */
  space: SearchedSpace | undefined;
  /** Documents that changed and are not applied yet. */
  pending: Set<string>;
  /** Will take this one's place when it is loaded. */
  successor: Entry | undefined;
  lastUsedMs: number;
};

/** Few enough to leave connections for everybody else; further ones wait for their turn. */
const loadsAtOnce = 3;

export function createLoader({
  source,
  createIndex,
  clock,
}: {
  source: ChunkSource;
  createIndex: () => SearchIndex;
  clock: Clock;
}) {
  const { addAllChunks, applyPending } = createFiller({ source, clock });
  const takeTurn = createTurns(loadsAtOnce);

  async function load(entry: Entry, onLoaded: () => void): Promise<OpenedIndex> {
    const loaded = createLoadedIndex(createIndex());
    const space = await source.spaceOf(entry.key);
    entry.space = space;
    await addAllChunks(entry.key, space.spaceId, loaded);
    // A change may slip in while the last batch is applied; only a check in the same turn as the assignment is safe.
    do await applyPending({ ...entry, spaceId: space.spaceId }, loaded);
    while (entry.pending.size > 0);
    entry.loaded = loaded;
    onLoaded();
    return { index: loaded.index, lacksVectors: space.lacksVectors };
  }

  /** `onEnd` is called in the turn in which the loading ends, before any change can come in between. */
  function beginLoading(key: CollectionKey, onEnd: (entry: Entry, isLoaded: boolean) => void): Entry {
    const loading = Promise.withResolvers<OpenedIndex>();
    const entry: Entry = {
      key,
      loaded: undefined,
      loading: loading.promise,
      space: undefined,
      pending: new Set(),
      successor: undefined,
      lastUsedMs: clock.monotonicMs(),
    };
    takeTurn(() => load(entry, () => onEnd(entry, true))).then(loading.resolve, (error: unknown) => {
      onEnd(entry, false);
      loading.reject(error);
    });
    // Whoever waits hears of the failure; when nobody waits any more it is no unhandled rejection.
    loading.promise.catch(() => undefined);
    return entry;
  }

  /** Applies what is pending to an entry that is loaded. */
  async function catchUp(entry: Entry): Promise<void> {
    if (entry.loaded === undefined || entry.space === undefined) return;
    await applyPending({ ...entry, spaceId: entry.space.spaceId }, entry.loaded);
  }

  return { beginLoading, catchUp };
}
