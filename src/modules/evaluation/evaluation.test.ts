import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { createHashingEmbedder } from '../gateway/adapters/hashing-embedder.ts';
import { retrievalConfig } from '../retrieval/config.ts';
import { createRanker } from '../retrieval/retrieval.ts';
import { createBeirFolderReader } from './adapters/beir-folder.ts';
import { evaluationConfig } from './config.ts';
import { createEvaluation, type EvaluationProgress } from './evaluation.ts';
import { formatReport } from './format-report.ts';

const { signal } = new AbortController();
const embedder = createHashingEmbedder();
const gateway = { embed: embedder.embed, embeddingSpace: embedder.space };
const ranker = createRanker({ gateway, config: retrievalConfig.parse({}) });

const toLines = (items: unknown[]): string => items.map((item) => JSON.stringify(item)).join('\n');
const corpus = toLines([
  { _id: 'd1', title: 'Bread', text: 'Knead the dough and bake for forty minutes.' },
  { _id: 'd2', text: 'Twenty-five days of paid vacation.', metadata: { page: 1 } },
  { _id: 3, title: null, text: 'Dogs are welcome on Fridays.' },
]);
const queries = toLines([
  { _id: 'q1', text: 'paid vacation days' },
  { _id: 'q2', text: 'bake bread' },
  { _id: 'q3', text: 'nobody judged this' },
]);
const qrels = 'query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t2\nq2\t3\t0\n';

describe('evaluateRetrieval', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'benchmark-'));
    await write({ 'corpus.jsonl': corpus, 'queries.jsonl': queries, 'qrels.tsv': qrels });
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = async (files: Record<string, string | Buffer>) => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  };
  const evaluate = (
    options: { maxLines?: number; signal?: AbortSignal; onProgress?: (p: EvaluationProgress) => void } = {},
  ) =>
    createEvaluation({
      benchmarks: createBeirFolderReader({ maxLines: options.maxLines ?? 100 }),
      createIndex: (dimensions) => createSearchIndex({ dimensions }),
      gateway,
      ranker,
      clock: systemClock,
      config: evaluationConfig.parse({ resamples: 1_000 }),
    }).evaluateRetrieval({ directory, seed: 1, signal: options.signal ?? signal, onProgress: options.onProgress });

  it('measures each leg and the fusion against the better one', async () => {
    const report = await evaluate();
    expect(report.counts).toEqual({
      entries: 3,
      queries: 2,
      unjudgedQueries: 1,
      judgements: 3,
      unknownQueries: 0,
      unknownEntries: 0,
    });
    expect(report.legs.keyword['nDCG@10']).toEqual({ mean: 1, low: 1, high: 1 });
    expect(report.legs.fused['recall@100'].mean).toBe(1);
    expect(report.fusedMinusBetterLeg['MRR@10']).toEqual({ mean: 0, low: 0, high: 0, betterLeg: 'keyword' });
    expect(report.tookMs.total).toBeGreaterThan(0);
  });

  it('gives the same report for the same seed, and tells how far it is', async () => {
    const seen: EvaluationProgress[] = [];
    const { tookMs: _one, ...first } = await evaluate({ onProgress: (progress) => seen.push(progress) });
    const { tookMs: _other, ...second } = await evaluate();
    expect(second).toEqual(first);
    expect(seen).toEqual([
      { stage: 'index', done: 3, total: 3 },
      { stage: 'rank', done: 1, total: 2 },
      { stage: 'rank', done: 2, total: 2 },
    ]);
  });

  it('prints a plain table', async () => {
    await write({ 'qrels.tsv': `${qrels}q1\tlost\t1\nq9\td1\t1\n` });
    const lines = formatReport(await evaluate()).split('\n');
    expect(lines[0]).toBe('3 entries, 2 judged queries, embedded by hashing:words-and-trigrams');
    expect(lines[2]).toMatch(/^ +nDCG@10 +recall@100 +MRR@10$/);
    expect(lines[3]).toMatch(/^keyword \(BM25\) +0\.\d{3} \[0\.\d{3}, \d\.\d{3}\]/);
    expect(lines[6]).toMatch(/^fused − better leg +[+-]0\.\d{3} \[/);
    expect(lines.slice(9, 13)).toEqual([
      'Mean [95 % interval], bootstrap over queries, 1000 resamples, seed 1.',
      '1 query has no relevant entry and was left out.',
      '1 judgement names an unknown query and was left out.',
      '1 judgement names an unknown entry and counts as not found.',
    ]);
  });

  it('reads compressed files, judgements without a heading, and qrels/test.tsv', async () => {
    await rm(join(directory, 'corpus.jsonl'));
    await rm(join(directory, 'qrels.tsv'));
    await mkdir(join(directory, 'qrels'));
    await write({ 'corpus.jsonl.gz': gzipSync(corpus), 'qrels/test.tsv': 'q1\td2\t1\r\nq2\td1\t2\r\n' });
    expect((await evaluate()).counts).toMatchObject({ entries: 3, queries: 2, judgements: 2 });
  });

  it.each(['corpus.jsonl', 'queries.jsonl', 'qrels.tsv'])('names a missing %s and where it looked', async (file) => {
    await rm(join(directory, file));
    await expect(evaluate()).rejects.toMatchObject({
      code: 'BENCHMARK_FILE_MISSING',
      message: `The benchmark folder ${directory} has no ${file} and no ${file}.gz.`,
    });
  });

  it.each([
    ['JSON that breaks off', 'corpus.jsonl', `${corpus}\n{"_id": "d4"`, 4],
    ['an entry without text', 'corpus.jsonl', '{"_id": "d1", "title": "x"}', 1],
    ['a query without words', 'queries.jsonl', `${queries}\n\n{"_id": "q4", "text": ""}`, 5],
    ['a line that is no object', 'queries.jsonl', 'null', 1],
    ['a grade that is no number', 'qrels.tsv', `${qrels}q1\td1\tgood`, 5],
    ['too few fields', 'qrels.tsv', `${qrels}q1 d1 1`, 5],
    ['too many fields', 'qrels.tsv', `${qrels}q1\t0\td1\t1`, 5],
  ])('points at the file and line of %s', async (_name, file, content, line) => {
    await write({ [file]: content });
    await expect(evaluate()).rejects.toMatchObject({
      code: 'BENCHMARK_LINE_INVALID',
      message: expect.stringContaining(`${join(directory, file)}:${line} `),
    });
  });

  it('refuses compressed files that are damaged or cut off', async () => {
    await rm(join(directory, 'corpus.jsonl'));
    await write({ 'corpus.jsonl.gz': gzipSync(corpus).subarray(0, 60) });
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_LINE_INVALID' });
    await write({ 'corpus.jsonl.gz': 'not compressed' });
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_LINE_INVALID' });
  });

  it('refuses an id that comes twice', async () => {
    await write({ 'corpus.jsonl': `${corpus}\n${corpus}` });
    await expect(evaluate()).rejects.toMatchObject({
      code: 'BENCHMARK_LINE_INVALID',
      message: expect.stringContaining('d1'),
    });
  });

  it('refuses a benchmark without a judged query', async () => {
    await write({ 'qrels.tsv': 'query-id\tcorpus-id\tscore\nq1\td2\t0\nelse\td1\t1\n' });
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_UNJUDGED', details: { unknownQueries: 1 } });
  });

  it('refuses more lines than the limit and takes as many', async () => {
    await expect(evaluate({ maxLines: 3 })).rejects.toMatchObject({ code: 'BENCHMARK_TOO_LARGE' });
    await expect(evaluate({ maxLines: 4 })).resolves.toBeDefined();
  });

  it('stops when the caller has given up', async () => {
    await expect(evaluate({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
  });
});
