import { AppError } from '#platform/errors.ts';
import { evaluationErrors } from './errors.ts';
import type { Grades } from './measure-ranking.ts';
import type { Benchmark, BenchmarkQuery } from './ports.ts';

/** A query that can be measured: at least one entry was judged relevant to it. */
export type JudgedQuery = BenchmarkQuery & { grades: Grades };

export type JudgedBenchmark = {
  queries: JudgedQuery[];
  counts: {
    entries: number;
    /** Queries that are measured. */
    queries: number;
    /** Queries without a relevant entry; left out. */
    unjudgedQueries: number;
    judgements: number;
    /** Judgements whose query is not in the benchmark; left out. */
    unknownQueries: number;
    /** Judgements whose entry is not in the benchmark; they count as never found, as in trec_eval. */
    unknownEntries: number;
  };
};

/** Joins queries with their judgements and counts what does not fit. Throws BENCHMARK_UNJUDGED. */
export function judgeBenchmark({ entries, queries, judgements }: Benchmark): JudgedBenchmark {
  const entryIds = new Set(entries.map(({ id }) => id));
  const gradesOfQuery = new Map<string, Map<string, number>>(queries.map(({ id }) => [id, new Map()]));
  let unknownQueries = 0;
  let unknownEntries = 0;
  for (const { queryId, entryId, grade } of judgements) {
    if (!entryIds.has(entryId)) unknownEntries += 1;
    const grades = gradesOfQuery.get(queryId);
    if (grades === undefined) unknownQueries += 1;
    else grades.set(entryId, grade);
  }
  const judged = queries
    .map((query): JudgedQuery => ({ ...query, grades: gradesOfQuery.get(query.id) ?? new Map() }))
    .filter(({ grades }) => [...grades.values()].some((grade) => grade > 0));
  const counts = {
    entries: entries.length,
    queries: judged.length,
    unjudgedQueries: queries.length - judged.length,
    judgements: judgements.length,
    unknownQueries,
    unknownEntries,
  };
  if (judged.length === 0) {
    throw new AppError('BENCHMARK_UNJUDGED', 'invalid', evaluationErrors.BENCHMARK_UNJUDGED, { details: counts });
  }
  return { queries: judged, counts };
}
