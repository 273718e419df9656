/** One collection's index in this process: which chunks of which document are in it, and how a document is replaced. */
import type { Pace } from '#platform/pace.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { IndexedChunk } from './indexed-chunks/store.ts';
import { fromVectorBytes } from './vector-bytes.ts';

export type LoadedIndex = {
  readonly index: SearchIndex;
  /** Adds chunks as the loader meets them. */
  addChunk(chunk: IndexedChunk): void;
  /** Takes out whatever the document had and adds what it has now; nothing for a deleted one. */
  replaceDocument(documentId: string, chunks: readonly IndexedChunk[], pace: Pace): Promise<void>;
};

export function createLoadedIndex(index: SearchIndex): LoadedIndex {
  const chunksOfDocument = new Map<string, Set<string>>();

  function addChunk(chunk: IndexedChunk) {
    index.add({
      id: chunk.chunkId,
      title: [chunk.title, ...chunk.headingPath].join('\n'),
      body: chunk.text,
      vector: chunk.vector === null ? undefined : fromVectorBytes(chunk.vector),
    });
    const chunkIds = chunksOfDocument.get(chunk.documentId);
    if (chunkIds === undefined) chunksOfDocument.set(chunk.documentId, new Set([chunk.chunkId]));
    else chunkIds.add(chunk.chunkId);
  }

  return {
    index,
    addChunk,
    async replaceDocument(documentId, chunks, pace) {
      const old = chunksOfDocument.get(documentId) ?? new Set();
      chunksOfDocument.delete(documentId);
      // The new ones first: the old are gone from the database already, and a search must find one or the other.
      for (const chunk of chunks) {
        addChunk(chunk);
        await pace.breathe();
      }
      for (const chunkId of old) {
        if (!chunksOfDocument.get(documentId)?.has(chunkId)) index.remove(chunkId);
        await pace.breathe();
      }
    },
  };
}
