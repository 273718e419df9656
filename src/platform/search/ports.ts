/** What a caller may ask of one collection's index. Held in the process; the database stays the truth. */

export type SearchEntry = {
  /** Unique in the index; adding an id again replaces it. */
  id: string;
  /** Title and headings, searched with the body. */
  title: string;
  body: string;
  /** In the index's embedding space; undefined leaves the entry to the keyword leg. */
  vector: Float32Array | undefined;
};

/** Larger is better. Keyword scores are BM25 sums, vector scores cosines in [-1, 1]. */
export type SearchHit = { id: string; score: number };

export type SearchIndex = {
  readonly size: number;
  readonly dimensions: number;
  add(entry: SearchEntry): void;
  /** True if the id was there. */
  remove(id: string): boolean;
  has(id: string): boolean;
  /** Best first, ties by id; only entries that share at least one term. */
  keyword(query: string, limit: number): SearchHit[];
  /** Exact, best first, ties by id. An all-zero query gives nothing. */
  vector(query: Float32Array, limit: number): SearchHit[];
  /**
   * Share in [0, 1] of the query's terms, each weighted by its rarity here, that the named entries hold together. A
   * term that no entry of the index holds weighs like the rarest one and is never covered. 0 for a query without terms.
   */
  coverage(query: string, ids: readonly string[]): number;
};
