/** The indexes that this process holds: loaded on first use, brought up to date document by document, put out by least recent use. */
import type { Clock } from '#platform/clock.ts';
import { createPace } from '#platform/pace.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import { createLoadedIndex, type LoadedIndex } from './loaded-index.ts';
import type { IndexedChunk } from './store.ts';

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
  /** Brings these documents up to date in the index, if it is loaded or being loaded. */
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
const documentsPerRead = 20;

export function createLoadedIndexes({ source, createIndex, clock, maxLoadedChunks }: Dependencies): LoadedIndexes {
  const entries = new Map<string, Entry>();
  const nameOf = (key: CollectionKey) => `${key.organizationId}/${key.collectionId}`;

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

  async function load(entry: Entry): Promise<SearchIndex> {
    const loaded = createLoadedIndex(createIndex());
    const pace = createPace(clock);
    let afterChunkId: string | undefined;
    for (;;) {
      const page = await source.chunkPage(entry.key, afterChunkId, loadPageSize);
      for (const chunk of page) {
        loaded.addChunk(chunk);
        await pace.breathe();
      }
      if (page.length < loadPageSize) break;
      afterChunkId = page.at(-1)?.chunkId;
    }
    // A change may slip in while the last batch is applied; only a check in the same turn as the assignment is safe.
    do await applyPending(entry, loaded);
    while (entry.pending.size > 0);
    entry.loaded = loaded;
    putOutLeastRecentlyUsed(entry);
    return loaded.index;
  }

  function putOutLeastRecentlyUsed(keep: Entry): void {
    const byUse = [...entries.entries()].sort(([, left], [, right]) => left.lastUsedMs - right.lastUsedMs);
    let total = byUse.reduce((sum, [, entry]) => sum + (entry.loaded?.index.size ?? 0), 0);
    for (const [name, entry] of byUse) {
      if (total <= maxLoadedChunks) return;
      if (entry === keep || entry.loaded === undefined) continue;
      total -= entry.loaded.index.size;
      entries.delete(name);
    }
  }

  function beginLoading(key: CollectionKey): Entry {
    const name = nameOf(key);
    const loading = Promise.withResolvers<SearchIndex>();
    const entry: Entry = { key, loaded: undefined, loading: loading.promise, pending: new Set(), lastUsedMs: 0 };
    entries.set(name, entry);
    load(entry).then(loading.resolve, (error: unknown) => {
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
      if (entry.loaded !== undefined) await applyPending(entry, entry.loaded);
    },
  };
}
