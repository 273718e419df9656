/** Is the answer good, is it getting worse: measures retrieval on judged queries. */
import type { Gateway } from '#modules/gateway/index.ts';
import type { Ranker } from '#modules/retrieval/index.ts';
import type { Clock } from '#platform/clock.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import { bootstrapMean, type Interval, meanOf } from './bootstrap.ts';
import type { EvaluationConfig } from './config.ts';
import { type JudgedBenchmark, type JudgedQuery, judgeBenchmark } from './judge-benchmark.ts';
import { type MeasureName, measureNames, measures } from './measure-ranking.ts';
import type { BenchmarkEntry, BenchmarkReader } from './ports.ts';

export const legNames = ['keyword', 'vector', 'fused'] as const;
export type LegName = (typeof legNames)[number];

export type RetrievalReport = {
  counts: JudgedBenchmark['counts'];
  embeddingModel: string;
  legs: Record<LegName, Record<MeasureName, Interval>>;
  /** Paired over queries: above 0 fusing helps, below 0 the better leg alone would have been better. */
  fusedMinusBetterLeg: Record<MeasureName, Interval & { betterLeg: 'keyword' | 'vector' }>;
  seed: number;
  resamples: number;
  /** Wall-clock milliseconds. */
  tookMs: { read: number; index: number; rank: number; total: number };
};

export type EvaluationProgress = { stage: 'index' | 'rank'; done: number; total: number };

export type EvaluateRetrieval = {
  /** Folder of the benchmark. */
  directory: string;
  /** Seed of the bootstrap. The same seed gives the same report, times apart. */
  seed: number;
  onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  signal: AbortSignal;
};

export type Evaluation = {
  /**
   * Indexes each entry of the benchmark whole, ranks for each judged query, and measures. Throws the errors of
   * `BenchmarkReader`, BENCHMARK_UNJUDGED, and the signal's reason when aborted.
   */
  evaluateRetrieval(request: EvaluateRetrieval): Promise<RetrievalReport>;
};

export type EvaluationDependencies = {
  benchmarks: BenchmarkReader;
  /** Opens an empty index, held only while one evaluation runs. */
  createIndex(dimensions: number): SearchIndex;
  gateway: Pick<Gateway, 'embed' | 'embeddingSpace'>;
  ranker: Ranker;
  clock: Clock;
  config: EvaluationConfig;
};

/** Entries that are embedded and indexed in one go. */
const batchSize = 256;
/** Hits per leg, as in a search; recall is measured at 100. */
const rankDepth = 200;

type Rankings = Record<LegName, string[]>;

export function createEvaluation(dependencies: EvaluationDependencies): Evaluation {
  const { benchmarks, createIndex, gateway, ranker, clock, config } = dependencies;

  const indexEntries = async (entries: readonly BenchmarkEntry[], request: EvaluateRetrieval): Promise<SearchIndex> => {
    const index = createIndex(gateway.embeddingSpace.dimensions);
    for (let from = 0; from < entries.length; from += batchSize) {
      const batch = entries.slice(from, from + batchSize);
      const vectors = await gateway.embed(batch.map(toEmbeddedText), request.signal);
      for (const [at, { id, title, text }] of batch.entries())
        index.add({ id, title, body: text, vector: vectors[at] });
      request.onProgress?.({ stage: 'index', done: from + batch.length, total: entries.length });
    }
    return index;
  };

  const rankQueries = async (index: SearchIndex, queries: readonly JudgedQuery[], request: EvaluateRetrieval) => {
    const rankings: Rankings[] = [];
    for (const { text } of queries) {
      request.signal.throwIfAborted();
      const { keyword, vector, fused } = await ranker.rank(index, text, rankDepth, request.signal);
      rankings.push({ keyword: idsOf(keyword), vector: idsOf(vector), fused: idsOf(fused) });
      request.onProgress?.({ stage: 'rank', done: rankings.length, total: queries.length });
    }
    return rankings;
  };

  return {
    async evaluateRetrieval(request) {
      const startMs = clock.monotonicMs();
      const benchmark = await benchmarks.read(request.directory, request.signal);
      const { queries, counts } = judgeBenchmark(benchmark);
      const readMs = clock.monotonicMs();
      const index = await indexEntries(benchmark.entries, request);
      const indexMs = clock.monotonicMs();
      const rankings = await rankQueries(index, queries, request);
      const rankMs = clock.monotonicMs();
      const { resamples } = config;
      const { seed } = request;
      return {
        counts,
        embeddingModel: `${gateway.embeddingSpace.provider}:${gateway.embeddingSpace.model}`,
        ...summarise(queries, rankings, { resamples, seed }),
        seed,
        resamples,
        tookMs: {
          read: readMs - startMs,
          index: indexMs - readMs,
          rank: rankMs - indexMs,
          total: clock.monotonicMs() - startMs,
        },
      };
    },
  };
}

function toEmbeddedText({ title, text }: BenchmarkEntry): string {
  return title === '' ? text : `${title}\n${text}`;
}

function idsOf(hits: readonly { id: string }[]): string[] {
  return hits.map(({ id }) => id);
}

/** Means and intervals per leg and measure, and of the fused ranking against the better of the two others. */
function summarise(
  queries: readonly JudgedQuery[],
  rankings: readonly Rankings[],
  options: { resamples: number; seed: number },
): Pick<RetrievalReport, 'legs' | 'fusedMinusBetterLeg'> {
  const valuesOf = (leg: LegName, measure: MeasureName): number[] =>
    queries.map(({ grades }, at) => measures[measure](rankings[at]?.[leg] ?? [], grades));
  const toInterval = (leg: LegName, measure: MeasureName) => bootstrapMean(valuesOf(leg, measure), options);
  const toDifference = (measure: MeasureName) => {
    const fused = valuesOf('fused', measure);
    const keyword = valuesOf('keyword', measure);
    const vector = valuesOf('vector', measure);
    const betterLeg = meanOf(vector) > meanOf(keyword) ? 'vector' : 'keyword';
    const better = betterLeg === 'vector' ? vector : keyword;
    const differences = fused.map((value, at) => value - (better[at] ?? 0));
    return { ...bootstrapMean(differences, options), betterLeg } as const;
  };
  return {
    legs: mapKeys(legNames, (leg) => mapKeys(measureNames, (measure) => toInterval(leg, measure))),
    fusedMinusBetterLeg: mapKeys(measureNames, toDifference),
  };
}

function mapKeys<Key extends string, Value>(keys: readonly Key[], toValue: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, toValue(key)])) as Record<Key, Value>;
}
