/** What the indexes read of the chunks. Every read happens inside one organization. */
import type { IndexedChunk, VersionedChunk } from './indexed-chunks/store.ts';

export type CollectionKey = { organizationId: string; collectionId: string };

/** The space whose vectors are read. */
export type SearchedSpace = {
  /** Undefined: no vectors are read. */
  spaceId: string | undefined;
  /** True while the collection's vectors are of another space than the embedder's. */
  lacksVectors: boolean;
};

export type ChunkSource = {
  spaceOf(key: CollectionKey): Promise<SearchedSpace>;
  /** A page of a collection's chunks in the order of their ids. */
  chunkPage(
    key: CollectionKey,
    spaceId: string | undefined,
    afterChunkId: string | undefined,
    limit: number,
  ): Promise<IndexedChunk[]>;
  /** A page of the chunks that these documents have now, by document and in their order. */
  chunksOf(key: CollectionKey, spaceId: string | undefined, page: DocumentsPage): Promise<VersionedChunk[]>;
};

export type DocumentsPage = {
  documentIds: readonly string[];
  after: { documentId: string; ordinal: number } | undefined;
  limit: number;
};
