import type { ErrorCatalogue } from '#platform/errors.ts';

export const evaluationErrors = {
  BENCHMARK_FILE_MISSING:
    'A file of the benchmark is not in the folder. For retrieval it must hold corpus.jsonl, queries.jsonl (each also as .gz) and qrels.tsv, for chunking corpora/*.md and questions_df.csv (each also as .gz).',
  BENCHMARK_LINE_INVALID: 'A line of the benchmark cannot be read. The message names file and line; correct it.',
  BENCHMARK_TOO_LARGE:
    'The benchmark has more lines than are accepted. Use a smaller one or raise the limit named in the message.',
  BENCHMARK_UNJUDGED:
    'No query of the benchmark has a judged entry, or there is no question, so there is nothing to measure. Check that the ids in qrels.tsv are those of queries.jsonl.',
} as const satisfies ErrorCatalogue;
