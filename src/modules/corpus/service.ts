/** What corpus offers and what it is made of: the types its parts share. */
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { CorpusConfig } from './config.ts';
import type { CorpusTables, findListedDocument } from './store.ts';

/** What the vectors of a document mean; the same facts as the gateway's embedding space. */
export type VectorSpace = {
  provider: string;
  model: string;
  revision: string;
  dimensions: number;
  normalised: boolean;
};

/** A piece of a document. `document.text.slice(start, end) === text`. */
export type NewChunk = {
  ordinal: number;
  start: number;
  end: number;
  text: string;
  /** Headings from the outermost to the nearest. */
  headingPath: string[];
  /** Page of the original, from 1; undefined where the format has none. */
  page: number | undefined;
  tokens: number;
  /** In the corpus's vector space; undefined leaves the chunk to the keyword leg. */
  vector: Float32Array | undefined;
};

export type NewDocument = {
  /** Undefined: the collection `default`, made when missing. */
  collectionId: string | undefined;
  externalId: string;
  title: string;
  mediaType: string;
  /** SHA-256 of the original, hexadecimal. */
  contentHash: string;
  sizeBytes: number;
  text: string;
  chunks: NewChunk[];
  /** Version of everything that made the chunks from the original: parser, chunker, embedding space. */
  pipeline: string;
};

export type Replaced = {
  documentId: string;
  outcome: 'created' | 'updated' | 'unchanged';
  chunks: number;
  /** The index has this document when it has reached this position. */
  position: string;
};

/** A chunk as it is served. */
export type Passage = {
  chunkId: string;
  documentId: string;
  collectionId: string;
  title: string;
  headingPath: string[];
  page: number | undefined;
  text: string;
  start: number;
  end: number;
};

export type ListedDocument = NonNullable<Awaited<ReturnType<typeof findListedDocument>>>;
export type ListedCollection = { id: string; name: string; created_at: Date; documents: number };
export type Page<Item> = { items: Item[]; nextCursor: string | undefined };

export type Corpus = {
  findDocument(
    organizationId: string,
    key: { collectionId: string | undefined; externalId: string },
  ): Promise<
    | { documentId: string; title: string; contentHash: string; pipeline: string; chunks: number; position: string }
    | undefined
  >;
  /** One transaction makes the new version visible and the old one gone. Throws `COLLECTION_NOT_FOUND`. */
  replaceDocument(organizationId: string, document: NewDocument): Promise<Replaced>;
  /** Hard, with all that was derived from it. Throws `DOCUMENT_NOT_FOUND`. */
  deleteDocument(organizationId: string, documentId: string): Promise<{ position: string }>;
  listDocuments(
    organizationId: string,
    query: {
      collectionId?: string | undefined;
      externalId?: string | undefined;
      cursor?: string | undefined;
      limit: number;
    },
  ): Promise<Page<ListedDocument>>;
  readDocument(organizationId: string, documentId: string): Promise<ListedDocument>;
  /** The text between two offsets, cut to what exists and to `longestTextSlice`. */
  readText(
    organizationId: string,
    documentId: string,
    span: { start: number; end: number | undefined },
  ): Promise<{ title: string; text: string; start: number; end: number; characters: number }>;
  listCollections(
    organizationId: string,
    query: { cursor?: string | undefined; limit: number },
  ): Promise<Page<ListedCollection>>;
  /** Throws `COLLECTION_NAME_TAKEN`. */
  createCollection(organizationId: string, name: string): Promise<ListedCollection>;
  /** Only an empty one. Throws `COLLECTION_NOT_EMPTY`, `COLLECTION_NOT_FOUND`. */
  deleteCollection(organizationId: string, collectionId: string): Promise<void>;
  /**
   * The indexes of one collection or of all. Waits for a cold index and for `atLeast` up to `corpus.warmWaitMs`, then
   * throws `SEARCH_WARMING` or `SEARCH_BEHIND`.
   */
  openIndexes(
    organizationId: string,
    query: { collectionId?: string | undefined; atLeast?: string | undefined },
  ): Promise<{ indexes: { collectionId: string; index: SearchIndex }[]; position: string }>;
  /** The text of chunks in the order of their ids; ids that are gone or not the organization's are absent. */
  readPassages(organizationId: string, chunkIds: readonly string[]): Promise<Passage[]>;
  /** Deletes the old part of the change log; for the scheduler. */
  pruneChanges(): Promise<number>;
  close(): Promise<void>;
};

export type CorpusDependencies = {
  db: TableDatabase<CorpusTables>;
  space: VectorSpace;
  createIndex: (dimensions: number) => SearchIndex;
  cursors: Cursors;
  clock: Clock;
  ids: Ids;
  config: CorpusConfig;
  /** Called when following the change log failed; it is tried again every second. */
  onFollowError: (error: unknown) => void;
};
