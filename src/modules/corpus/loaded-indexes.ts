/** The indexes that this process holds: loaded on first use, brought up to date document by document, put out by least recent use. */
import type { Clock } from '#platform/clock.ts';
import { isAppError } from '#platform/errors.ts';
import { createPace } from '#platform/pace.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { IndexedChunk } from './indexed-chunks/store.ts';
import { createLoadedIndex, type LoadedIndex } from './loaded-index.ts';
import { createTurns } from './take-turns.ts';

export type CollectionKey = { organizationId: string; collectionId: string };

export type ChunkSource = {
  /** A page of a collection's chunks in the order of their ids. */
  chunkPage(key: CollectionKey, afterChunkId: string | undefined, limit: number): Promise<IndexedChunk[]>;
  /** Every chunk that these documents have now. */
  chunksOf(key: CollectionKey, documentIds: string[]): Promise<IndexedChunk[]>;
};

export type LoadedIndexes = {
  /** The index, or the promise of its loading. */
  open(key: CollectionKey): SearchIndex | Promise<SearchIndex>;
  /**
   * Brings these documents up to date in the index, if it is loaded or being loaded. When the index cannot take them it
   * is put out, so that the next try passes over it; while the database is away it is kept for the next try.
   */
  refresh(key: CollectionKey, documentIds: Iterable<string>): Promise<void>;
};

type Entry = {
  key: CollectionKey;
  loaded: LoadedIndex | undefined;
  loading: Promise<SearchIndex>;
  /** Documents that changed and are not applied yet. */
  pending: Set<string>;
  lastUsedMs: number;
};

type Dependencies = {
  source: ChunkSource;
  createIndex: () => SearchIndex;
  clock: Clock;
  /** Most chunks held over all indexes. */
  maxLoadedChunks: number;
};

const loadPageSize = 500;
/** Few enough to leave connections for everybody else; further ones wait for their turn. */
const loadsAtOnce = 3;
/** What an index without chunks counts for: it takes the memory of about so many. */
const emptyIndexChunks = 100;
const documentsPerRead = 20;

/** Reads chunks into one index: all of a collection, or those of documents that changed. */
function createFiller({ source, clock }: Pick<Dependencies, 'source' | 'clock'>) {
  async function addAllChunks(key: CollectionKey, loaded: LoadedIndex): Promise<void> {
    const pace = createPace(clock);
    let afterChunkId: string | undefined;
    for (;;) {
      const page = await source.chunkPage(key, afterChunkId, loadPageSize);
      for (const chunk of page) {
        loaded.addChunk(chunk);
        await pace.breathe();
      }
      if (page.length < loadPageSize) return;
      afterChunkId = page.at(-1)?.chunkId;
    }
  }

  async function applyDocuments(key: CollectionKey, loaded: LoadedIndex, documentIds: string[]): Promise<void> {
    const pace = createPace(clock);
    const chunks = Map.groupBy(await source.chunksOf(key, documentIds), (chunk) => chunk.documentId);
    for (const documentId of documentIds) {
      await loaded.replaceDocument(documentId, chunks.get(documentId) ?? [], pace);
    }
  }

  async function applyPending(entry: Entry, loaded: LoadedIndex): Promise<void> {
    while (entry.pending.size > 0) {
      const documentIds = [...entry.pending].slice(0, documentsPerRead);
      // Taken out before the read: a change that comes during it must be read again.
      for (const documentId of documentIds) entry.pending.delete(documentId);
      try {
        await applyDocuments(entry.key, loaded, documentIds);
      } catch (error) {
        for (const documentId of documentIds) entry.pending.add(documentId);
        throw error;
      }
    }
  }

  return { addAllChunks, applyPending };
}

export function createLoadedIndexes(dependencies: Dependencies): LoadedIndexes {
  const { createIndex, clock, maxLoadedChunks } = dependencies;
  const { addAllChunks, applyPending } = createFiller(dependencies);
  const entries = new Map<string, Entry>();
  const nameOf = (key: CollectionKey) => `${key.organizationId}/${key.collectionId}`;
  const takeTurn = createTurns(loadsAtOnce);

  async function load(entry: Entry): Promise<SearchIndex> {
    const loaded = createLoadedIndex(createIndex());
    await addAllChunks(entry.key, loaded);
    // A change may slip in while the last batch is applied; only a check in the same turn as the assignment is safe.
    do await applyPending(entry, loaded);
    while (entry.pending.size > 0);
    entry.loaded = loaded;
    putOutLeastRecentlyUsed(entry);
    return loaded.index;
  }

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

  function beginLoading(key: CollectionKey): Entry {
    const name = nameOf(key);
    const loading = Promise.withResolvers<SearchIndex>();
    const entry: Entry = { key, loaded: undefined, loading: loading.promise, pending: new Set(), lastUsedMs: 0 };
    entries.set(name, entry);
    takeTurn(() => load(entry)).then(loading.resolve, (error: unknown) => {
      entries.delete(name);
      loading.reject(error);
    });
    // Whoever waits hears of the failure; when nobody waits any more it is no unhandled rejection.
    loading.promise.catch(() => undefined);
    return entry;
  }

  return {
    open(key) {
      const entry = entries.get(nameOf(key)) ?? beginLoading(key);
      entry.lastUsedMs = clock.monotonicMs();
      return entry.loaded?.index ?? entry.loading;
    },
    async refresh(key, documentIds) {
      const entry = entries.get(nameOf(key));
      if (entry === undefined) return;
      for (const documentId of documentIds) entry.pending.add(documentId);
      if (entry.loaded === undefined) return;
      try {
        await applyPending(entry, entry.loaded);
      } catch (error) {
        const isBroken = !isAppError(error) || error.kind === 'bug';
        if (isBroken && entries.get(nameOf(key)) === entry) entries.delete(nameOf(key));
        throw error;
      }
      putOutLeastRecentlyUsed(entry);
    },
  };
}

function weightOf({ loaded }: Entry): number {
  return loaded === undefined ? 0 : loaded.index.size + emptyIndexChunks;
}
