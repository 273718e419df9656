/** What corpus offers and what it is made of: the types its parts share. */
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase, Transaction } from '#platform/postgres/ports.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { CorpusConfig } from './config.ts';
import type { UnembeddedChunk } from './spaces/store.ts';
import type { CorpusTables, findListedDocument } from './store.ts';

/** Most documents of one call. A batch of ingestion has up to 50. */
export const mostDocumentsAtOnce = 200;

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
  /** Default: made when it is stored. */
  id?: string | undefined;
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
  /** SHA-256 of the text that was embedded, hexadecimal; with it the vector is found again by `findVectors`. */
  embeddedTextHash?: string | undefined;
};

/** Something that a document names, at one place of its text: `text.slice(start, end)` is its name there. */
export type NewEntity = {
  kind: 'person' | 'organization' | 'location' | 'technical' | 'concept';
  name: string;
  start: number;
  end: number;
  /** Probability, [0, 1]. */
  confidence: number;
};

/** What is known of a document besides its text. */
export type NewAnalysis = {
  /** ISO 639-1, or `und`. */
  language: string;
  classification: {
    type: string;
    category: string;
    tags: string[];
    /** Probability, [0, 1]. */
    confidence: number;
    routingHint: string | undefined;
  };
  /** Each mention; those beyond `corpus.maxEntitiesPerDocument` names are left out, the rarest first. */
  entities: NewEntity[];
  /** 128 MinHash permutations (`platform/text/min-hash.ts`); undefined for a text too short to compare. */
  signature: Uint32Array | undefined;
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
  /** Absent: nothing is known, and of duplicates only those with the very same text are seen. */
  analysis?: NewAnalysis | undefined;
  /** Where a person can open the original. */
  sourceUrl?: string | undefined;
  /** Of the archived copy. Absent: the one that is known stays. */
  driveUrl?: string | undefined;
};

export type DocumentKey = { collectionId: string | undefined; externalId: string };

export type FoundDocument = {
  documentId: string;
  title: string;
  contentHash: string;
  pipeline: string;
  /** Where a person can open the original; null when nobody said. */
  sourceUrl: string | null;
  chunks: number;
  position: string;
};

export type Replaced = {
  documentId: string;
  outcome: 'created' | 'updated' | 'unchanged';
  chunks: number;
  /** The index has this document when it has reached this position. */
  position: string;
};

/**
 * Runs inside the transaction, after its writes and before its commit, with what was written; what it throws undoes
 * everything. `Tables` are the caller's own.
 */
export type WriteOptions<Tables, Result> = {
  within?: ((transaction: Transaction<Tables>, written: Result) => Promise<void>) | undefined;
  /** Of the events, e.g. the id of the task. Default: each event's own id. */
  correlationId?: string | undefined;
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
export type ListedEntity = { kind: NewEntity['kind']; name: string; mentions: number; confidence: number };
export type ListedCollection = { id: string; name: string; created_at: Date; documents: number };
export type Page<Item> = { items: Item[]; nextCursor: string | undefined };

/** Embeds chunks as ingestion does; one answer for each, in their order. */
export type EmbedChunks = (
  chunks: readonly UnembeddedChunk[],
  signal: AbortSignal,
) => Promise<{ vector: Float32Array; embeddedTextHash: string | undefined }[]>;

export type Reembedded = {
  embedded: number;
  /** False: call again. True: the collection is searched in the present space and holds no other vectors. */
  isDone: boolean;
};

/** One collection as it is searched. */
export type OpenIndex = {
  collectionId: string;
  index: SearchIndex;
  /** True while the collection's vectors are of another space than the embedder's: the vector leg is missing. */
  lacksVectors?: boolean;
};

export type NewVector = {
  chunkId: string;
  vector: Float32Array;
  /** SHA-256 of the text that was embedded, hexadecimal. */
  embeddedTextHash: string | undefined;
};

export type Corpus = {
  findDocument(organizationId: string, key: DocumentKey): Promise<FoundDocument | undefined>;
  /** One answer for each key, in their order. At most `mostDocumentsAtOnce`. Throws `COLLECTION_NOT_FOUND`. */
  findDocuments(organizationId: string, keys: readonly DocumentKey[]): Promise<(FoundDocument | undefined)[]>;
  /** One transaction makes the new version visible and the old one gone. Throws `COLLECTION_NOT_FOUND`. */
  replaceDocument<Tables = unknown>(
    organizationId: string,
    document: NewDocument,
    options?: WriteOptions<Tables, readonly Replaced[]>,
  ): Promise<Replaced>;
  /**
   * The same for up to `mostDocumentsAtOnce` in one transaction; one answer for each, in their order. Of two documents
   * with one key the later stays, and both get its answer. Writes to one collection follow one another. Throws
   * `COLLECTION_NOT_FOUND`, `BATCH_TOO_LARGE`.
   */
  replaceDocuments<Tables = unknown>(
    organizationId: string,
    documents: readonly NewDocument[],
    options?: WriteOptions<Tables, readonly Replaced[]>,
  ): Promise<Replaced[]>;
  /** Hard, with all that was derived from it. Throws `DOCUMENT_NOT_FOUND`. */
  deleteDocument<Tables = unknown>(
    organizationId: string,
    documentId: string,
    options?: WriteOptions<Tables, readonly string[]>,
  ): Promise<{ position: string }>;
  /**
   * Up to `mostDocumentsAtOnce` in one transaction. Those that are not there (any more) are passed over; `deleted` are
   * the ids that went. `position` is undefined when none did.
   */
  deleteDocuments<Tables = unknown>(
    organizationId: string,
    documentIds: readonly string[],
    options?: WriteOptions<Tables, readonly string[]>,
  ): Promise<{ deleted: string[]; position: string | undefined }>;
  listDocuments(
    organizationId: string,
    query: {
      collectionId?: string | undefined;
      externalId?: string | undefined;
      language?: string | undefined;
      type?: string | undefined;
      category?: string | undefined;
      tag?: string | undefined;
      cursor?: string | undefined;
      limit: number;
    },
  ): Promise<Page<ListedDocument>>;
  /** With what it names, the most often mentioned first. */
  readDocument(organizationId: string, documentId: string): Promise<ListedDocument & { entities: ListedEntity[] }>;
  /** The text between two offsets, cut to what exists and to `longestTextSlice`. */
  readText(
    organizationId: string,
    documentId: string,
    span: { start: number; end: number | undefined },
  ): Promise<{ title: string; text: string; start: number; end: number; characters: number }>;
  /** Throws `COLLECTION_NOT_FOUND`. */
  requireCollection(organizationId: string, collectionId: string): Promise<void>;
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
  ): Promise<{ indexes: OpenIndex[]; position: string }>;
  /** The text of chunks in the order of their ids; ids that are gone or not the organization's are absent. */
  readPassages(organizationId: string, chunkIds: readonly string[]): Promise<Passage[]>;
  /**
   * Vectors of the corpus's space by the SHA-256 (hexadecimal) of what was embedded, as far as they are known: of this
   * organization only. At most 10,000 at once.
   */
  findVectors(organizationId: string, textHashes: readonly string[]): Promise<Map<string, Float32Array>>;
  /** Collections that are searched in another space than the corpus's own, or prepared for one. */
  collectionsToReembed(organizationId: string): Promise<string[]>;
  /** `live`: it is searched in this space already, and is not prepared for another any more. */
  beginSpace(organizationId: string, collectionId: string, space: VectorSpace): Promise<'live' | 'building'>;
  /** In the space being built, else in the live one; in the order of their ids. */
  chunksWithoutVector(
    organizationId: string,
    collectionId: string,
    afterChunkId: string | undefined,
    limit: number,
  ): Promise<UnembeddedChunk[]>;
  /** Chunks that are gone, or have one, are passed over. At most 10,000 at once. Throws `SPACE_NOT_BUILDING`. */
  addVectors(organizationId: string, collectionId: string, vectors: readonly NewVector[]): Promise<void>;
  /** Makes the space being built the live one if every chunk has its vector. Throws `SPACE_NOT_BUILDING`, `SPACE_INCOMPLETE`. */
  swapSpace(organizationId: string, collectionId: string): Promise<{ position: string }>;
  /** The live space stays; the vectors of the other go with `pruneVectors`. */
  abandonSpace(organizationId: string, collectionId: string): Promise<void>;
  /** Deletes a bounded number of vectors in spaces that the collection does not use any more. */
  pruneVectors(organizationId: string, collectionId: string): Promise<{ pruned: number; isDone: boolean }>;
  /** Brings a collection into the corpus's space, up to 2,000 chunks a call; for a job. Throws what `embed` throws. */
  reembedSome(
    organizationId: string,
    collectionId: string,
    embed: EmbedChunks,
    signal: AbortSignal,
  ): Promise<Reembedded>;
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
  /** Hears how long the indexes in memory took to follow documents that changed. Default: nobody does. */
  onIndexed?: (passed: { documents: number; seconds: number }) => void;
};
