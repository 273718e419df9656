/** From a question to the right passages. */
import type { Corpus } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { SearchHit, SearchIndex } from '#platform/search/ports.ts';
import type { RetrievalConfig } from './config.ts';
import { retrievalErrors } from './errors.ts';
import { confidenceIn, type FoundPassage, mergeCollections, presentPassages } from './present-passages.ts';
import { rankIndex } from './rank-index.ts';
import { runLegs } from './run-legs.ts';

export type SearchRequest = {
  query: string;
  /** Most passages to return. */
  limit: number;
  /** Default: every collection of the organization. */
  collectionId?: string | undefined;
  /** Position that the index must have reached. */
  atLeast?: string | undefined;
};

export type SearchResult = {
  /** Best first; fewer than asked for when there are no more. */
  passages: FoundPassage[];
  /** Position of the index that answered. */
  position: string;
  tookMs: number;
  /** Legs that were late or failed. */
  missingLegs: string[];
  /** How likely the passages answer the question, 0 to 1; see `estimateConfidence`. */
  confidence: number;
};

/** The part of a search that needs no database: what a search and an evaluation share. */
export type Ranker = {
  /** Ranks the entries of one index, without a deadline. Throws the signal's reason when the caller stops. */
  rank(
    index: SearchIndex,
    query: string,
    depth: number,
    signal: AbortSignal,
  ): Promise<{ keyword: SearchHit[]; vector: SearchHit[]; fused: SearchHit[] }>;
};

export type Retrieval = Ranker & {
  /**
   * Searches by words and by meaning at once and fuses both. Throws SEARCH_UNAVAILABLE when no leg answered, what the
   * corpus throws while an index is loading, and the signal's reason when the caller stops.
   */
  search(organizationId: string, request: SearchRequest, signal: AbortSignal): Promise<SearchResult>;
};

export type RankerDependencies = {
  gateway: Pick<Gateway, 'embed' | 'embeddingSpace'>;
  config: RetrievalConfig;
};

export type RetrievalDependencies = RankerDependencies & {
  corpus: Pick<Corpus, 'openIndexes' | 'readPassages'>;
  clock: Clock;
  /** Told of each leg that was late or failed, for the log. Default: nobody is. */
  onMissingLeg?: (leg: string, cause: unknown) => void;
};

/** Candidates read beyond the limit, in the place of those whose text has gone since they were indexed. */
const spareCandidates = 8;

export function createRetrieval(dependencies: RetrievalDependencies): Retrieval {
  const { corpus, gateway, clock, config, onMissingLeg = () => undefined } = dependencies;

  const searchLegs = async (indexes: readonly SearchIndex[], query: string, signal: AbortSignal) => {
    const legs = {
      keyword: async () => indexes.map((index) => index.keyword(query, config.depth)),
      vector: async (legSignal: AbortSignal) => {
        const vector = await embedQuery(gateway, query, legSignal);
        return indexes.map((index) => index.vector(vector, config.depth));
      },
    };
    const { found, missing } = await runLegs(legs, config.legDeadlineMs, signal);
    for (const { leg, cause } of missing) onMissingLeg(leg, cause);
    if (found.size === 0) throw searchUnavailable(missing.map(({ cause }) => cause));
    return { keyword: found.get('keyword'), vector: found.get('vector'), missingLegs: missing.map(({ leg }) => leg) };
  };

  return {
    async search(organizationId, { query, limit, collectionId, atLeast }, signal) {
      const startedMs = clock.monotonicMs();
      const { indexes, position } = await corpus.openIndexes(organizationId, { collectionId, atLeast });
      const open = indexes.map(({ index }) => index);
      const legs = await searchLegs(open, query, signal);
      // Until a collection is embedded anew for the present model, only its words are searched.
      const missingLegs = indexes.some(({ lacksVectors }) => lacksVectors === true)
        ? [...new Set([...legs.missingLegs, 'vector'])]
        : legs.missingLegs;

      const collections = open.map((index, at) => {
        const rankings = { keyword: legs.keyword?.[at], vector: legs.vector?.[at] };
        return { index, ranked: rankIndex(index, rankings, { query, ...config }) };
      });
      const candidates = mergeCollections(collections, limit + spareCandidates);
      const texts = await corpus.readPassages(
        organizationId,
        candidates.map(({ id }) => id),
      );
      const alive = new Set(texts.map(({ chunkId }) => chunkId));
      const served = candidates.filter(({ id }) => alive.has(id)).slice(0, limit);
      return {
        passages: presentPassages(served, texts),
        position,
        tookMs: clock.monotonicMs() - startedMs,
        missingLegs,
        confidence: confidenceIn(served, { query, isCosineKnown: gateway.embeddingSpace.provider === 'static' }),
      };
    },
    rank: createRanker(dependencies).rank,
  };
}

export function createRanker({ gateway, config }: RankerDependencies): Ranker {
  return {
    async rank(index, query, depth, signal) {
      const vector = await embedQuery(gateway, query, signal);
      const rankings = { keyword: index.keyword(query, depth), vector: index.vector(vector, depth) };
      const { fused } = rankIndex(index, rankings, { query, depth, vectorWeight: config.vectorWeight });
      return { ...rankings, fused };
    },
  };
}

async function embedQuery(
  gateway: RankerDependencies['gateway'],
  query: string,
  signal: AbortSignal,
): Promise<Float32Array> {
  const [vector] = await gateway.embed([query], signal);
  return vector ?? new Float32Array(gateway.embeddingSpace.dimensions);
}

function searchUnavailable(causes: unknown[]): AppError {
  return new AppError(
    'SEARCH_UNAVAILABLE' satisfies keyof typeof retrievalErrors,
    'unavailable',
    retrievalErrors.SEARCH_UNAVAILABLE,
    {
      cause: new AggregateError(causes, 'No leg of the search answered.'),
    },
  );
}
