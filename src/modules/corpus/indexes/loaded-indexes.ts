/** The indexes that this process holds: loaded on first use, brought up to date document by document, put out by least recent use. */
import type { Clock } from '#platform/clock.ts';
import { isAppError } from '#platform/errors.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { ChunkSource, CollectionKey } from '../chunk-source.ts';
import { createLoader, type Entry, type OpenedIndex } from './load-entry.ts';

export type LoadedIndexes = {
  /** The index, or the promise of its loading. */
  open(key: CollectionKey): OpenedIndex | Promise<OpenedIndex>;
  /**
   * Brings these documents up to date in the index, if it is loaded or being loaded. When the index cannot take them it
   * is put out, so that the next try passes over it; while the database is away it is kept for the next try.
   */
  refresh(key: CollectionKey, documentIds: Iterable<string>): Promise<void>;
  /** The collection may be searched in another space now: the index is loaded anew, and the old one serves until then. */
  followSpace(key: CollectionKey): Promise<void>;
};

type Dependencies = {
  source: ChunkSource;
  createIndex: () => SearchIndex;
  clock: Clock;
  /** Most chunks held over all indexes. */
  maxLoadedChunks: number;
};

/** What an index without chunks counts for: it takes the memory of about so many. */
const emptyIndexChunks = 100;
export function createLoadedIndexes(dependencies: Dependencies): LoadedIndexes {
  const { source, clock, maxLoadedChunks } = dependencies;
  const { beginLoading, catchUp } = createLoader(dependencies);
  const entries = new Map<string, Entry>();
  const nameOf = (key: CollectionKey) => `${key.organizationId}/${key.collectionId}`;

  function putOutLeastRecentlyUsed(keep: Entry): void {
    const byUse = [...entries.entries()].sort(([, left], [, right]) => left.lastUsedMs - right.lastUsedMs);
    let total = byUse.reduce((sum, [, entry]) => sum + weightOf(entry), 0);
    for (const [name, entry] of byUse) {
      if (total <= maxLoadedChunks) return;
      if (entry === keep || entry.loaded === undefined) continue;
      total -= weightOf(entry);
      entries.delete(name);
    }
  }

  function openEntry(key: CollectionKey): Entry {
    const name = nameOf(key);
    const entry = beginLoading(key, (ended, isLoaded) => {
      if (isLoaded) putOutLeastRecentlyUsed(ended);
      else if (entries.get(name) === ended) entries.delete(name);
    });
    entries.set(name, entry);
    return entry;
  }

  /** Whether it is loaded or not, the old one goes: it is of a space that is not searched any more. */
  function beginSuccessor(entry: Entry): Entry {
    const name = nameOf(entry.key);
    return beginLoading(entry.key, (successor, isLoaded) => {
      if (entry.successor !== successor) return;
      entry.successor = undefined;
      if (entries.get(name) !== entry) return;
      if (isLoaded) entries.set(name, Object.assign(successor, { lastUsedMs: entry.lastUsedMs }));
      else entries.delete(name);
    });
  }

  async function apply(entry: Entry): Promise<void> {
    if (entry.loaded === undefined) return;
    try {
      await catchUp(entry);
    } catch (error) {
      const name = nameOf(entry.key);
      const isBroken = !isAppError(error) || error.kind === 'bug';
      if (isBroken && entries.get(name) === entry) entries.delete(name);
      throw error;
    }
    putOutLeastRecentlyUsed(entry);
  }

  return {
    open(key) {
      const entry = entries.get(nameOf(key)) ?? openEntry(key);
      entry.lastUsedMs = clock.monotonicMs();
      if (entry.loaded === undefined || entry.space === undefined) return entry.loading;
      return { index: entry.loaded.index, lacksVectors: entry.space.lacksVectors };
    },
    async refresh(key, documentIds) {
      const entry = entries.get(nameOf(key));
      if (entry === undefined) return;
      for (const documentId of documentIds) {
        entry.pending.add(documentId);
        entry.successor?.pending.add(documentId);
      }
      await apply(entry);
    },
    async followSpace(key) {
      const entry = entries.get(nameOf(key));
      if (entry === undefined) return;
      const latest = entry.successor ?? entry;
      const space = await source.spaceOf(key);
      const isSame = latest.space?.spaceId === space.spaceId && latest.space?.lacksVectors === space.lacksVectors;
      if (isSame) return;
      // Nothing in it is of any space yet.
      if (latest.loaded?.index.size === 0 && latest.pending.size === 0) latest.space = space;
      else entry.successor = beginSuccessor(entry);
    },
  };
}

function weightOf({ loaded }: Entry): number {
  return loaded === undefined ? 0 : loaded.index.size + emptyIndexChunks;
}
