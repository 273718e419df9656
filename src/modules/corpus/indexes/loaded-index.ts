/** One collection's index in this process: which chunks of which document are in it, and how a document is replaced. */
import type { Pace } from '#platform/pace.ts';
import type { SearchHit, SearchIndex } from '#platform/search/ports.ts';
import type { IndexedChunk } from '../indexed-chunks/store.ts';
import { fromVectorBytes } from '../vector-bytes.ts';

export type LoadedIndex = {
  /** What a search sees: of each document one whole version. */
  readonly index: SearchIndex;
  /** Adds chunks as the loader meets them. */
  addChunk(chunk: IndexedChunk): void;
  /** Begins to take out whatever the document has and to add what it has now; nothing for a deleted one. */
  replace(documentId: string): Replacement;
};

/** A new version of a document, which is not seen before `commit` and seen whole from then on. */
export type Replacement = {
  addChunk(chunk: IndexedChunk): void;
  commit(pace: Pace): Promise<void>;
  /** As if it had not begun. */
  abort(): void;
};

export function createLoadedIndex(index: SearchIndex): LoadedIndex {
  const chunksOfDocument = new Map<string, Set<string>>();
  const hidden = new Set<string>();

  function add(chunk: IndexedChunk): void {
    index.add({
      id: chunk.chunkId,
      title: [chunk.title, ...chunk.headingPath].join('\n'),
      body: chunk.text,
      vector: chunk.vector === null ? undefined : fromVectorBytes(chunk.vector),
    });
  }

  function remove(chunkId: string): void {
    index.remove(chunkId);
    hidden.delete(chunkId);
  }

  return {
    index: withoutHidden(index, hidden),
    addChunk(chunk) {
      add(chunk);
      const chunkIds = chunksOfDocument.get(chunk.documentId);
      if (chunkIds === undefined) chunksOfDocument.set(chunk.documentId, new Set([chunk.chunkId]));
      else chunkIds.add(chunk.chunkId);
    },
    replace(documentId) {
      const added = new Set<string>();
      const isPresent = (chunkId: string) => chunksOfDocument.get(documentId)?.has(chunkId) ?? false;
      return {
        addChunk(chunk) {
          if (!isPresent(chunk.chunkId)) hidden.add(chunk.chunkId);
          added.add(chunk.chunkId);
          add(chunk);
        },
        async commit(pace) {
          const old = [...(chunksOfDocument.get(documentId) ?? [])].filter((chunkId) => !added.has(chunkId));
          if (added.size === 0) chunksOfDocument.delete(documentId);
          else chunksOfDocument.set(documentId, added);
          for (const chunkId of added) hidden.delete(chunkId);
          for (const chunkId of old) hidden.add(chunkId);
          // From here on it is only the memory that is given back.
          for (const chunkId of old) {
            remove(chunkId);
            await pace.breathe();
          }
        },
        abort() {
          for (const chunkId of added) if (!isPresent(chunkId)) remove(chunkId);
        },
      };
    },
  };
}

/** The same index, but for some of its entries. */
function withoutHidden(index: SearchIndex, hidden: ReadonlySet<string>): SearchIndex {
  const seen = (search: (limit: number) => SearchHit[], limit: number): SearchHit[] =>
    hidden.size === 0
      ? search(limit)
      : search(limit + hidden.size)
          .filter(({ id }) => !hidden.has(id))
          .slice(0, limit);
  return {
    ...index,
    get size() {
      return index.size - hidden.size;
    },
    has: (id) => index.has(id) && !hidden.has(id),
    keyword: (query, limit) => seen((most) => index.keyword(query, most), limit),
    vector: (query, limit) => seen((most) => index.vector(query, most), limit),
  };
}
