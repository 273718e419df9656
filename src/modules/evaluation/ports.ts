/** What the evaluation needs from outside: a benchmark to measure with. */

export type BenchmarkEntry = { id: string; title: string; text: string };
export type BenchmarkQuery = { id: string; text: string };
/** How well an entry answers a query: 0 or less not at all, larger is better. */
export type Judgement = { queryId: string; entryId: string; grade: number };

export type Benchmark = { entries: BenchmarkEntry[]; queries: BenchmarkQuery[]; judgements: Judgement[] };

export type BenchmarkReader = {
  /**
   * Reads the whole benchmark. Throws BENCHMARK_FILE_MISSING, BENCHMARK_LINE_INVALID, BENCHMARK_TOO_LARGE, and the
   * signal's reason when aborted.
   */
  read(directory: string, signal: AbortSignal): Promise<Benchmark>;
};
