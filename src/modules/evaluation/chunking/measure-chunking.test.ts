import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { createHashingEmbedder } from '../../gateway/adapters/hashing-embedder.ts';
import { retrievalConfig } from '../../retrieval/config.ts';
import { createRanker } from '../../retrieval/retrieval.ts';
import { createSpanFolderReader } from '../adapters/span-folder.ts';
import { formatChunkingReport } from './format-chunking-report.ts';
import { createChunkingEvaluation } from './measure-chunking.ts';
import { measureSpans } from './measure-spans.ts';
import type { Chunker } from './ports.ts';
import { readWithinBudget } from './read-within-budget.ts';

const countTokens = (text: string): number => text.match(/\S+/g)?.length ?? 0;

describe('measureSpans', () => {
  it('counts characters as the chunking evaluation does', () => {
    const scores = measureSpans([{ start: 0, end: 10 }], [{ start: 5, end: 25 }]);
    expect(scores).toEqual({ recall: 0.5, precision: 0.25, iou: 0.2 });
  });

  it('counts what was read twice twice, and found once once', () => {
    const twice = { start: 0, end: 10 };
    expect(measureSpans([twice], [twice, twice])).toEqual({ recall: 1, precision: 0.5, iou: 0.5 });
  });

  it('counts what was read of other documents against precision', () => {
    expect(measureSpans([{ start: 0, end: 10 }], [{ start: 0, end: 10 }], 30).precision).toBe(0.25);
  });

  it('stays between 0 and 1, and finds all where all was read', () => {
    const span = fc.tuple(fc.nat(100), fc.nat(50)).map(([start, length]) => ({ start, end: start + length }));
    fc.assert(
      fc.property(fc.array(span), fc.array(span), fc.nat(20), (wanted, found, foreign) => {
        for (const score of Object.values(measureSpans(wanted, found, foreign))) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
        const isAsked = wanted.some(({ start, end }) => end > start);
        expect(measureSpans(wanted, [{ start: 0, end: 200 }]).recall).toBe(isAsked ? 1 : 0);
      }),
    );
  });
});

describe('readWithinBudget', () => {
  const chunk = (start: number, text: string) => ({
    documentId: 'a',
    start,
    end: start + text.length,
    text,
    tokens: countTokens(text),
  });

  it('cuts the last chunk at a sentence and reads no further', () => {
    const read = readWithinBudget(
      [chunk(0, 'One two.'), chunk(20, 'Three four. Five six.'), chunk(60, 'X.')],
      5,
      countTokens,
    );
    expect(read.map(({ text, end }) => [text, end])).toEqual([
      ['One two.', 8],
      ['Three four.', 31],
    ]);
  });

  it('leaves out what an earlier chunk holds', () => {
    expect(readWithinBudget([chunk(0, 'One two three.'), chunk(4, 'two')], 9, countTokens)).toHaveLength(1);
  });
});

describe('evaluateChunking', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spans-'));
    await mkdir(join(directory, 'corpora'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const bread = '😀 Bread. Knead the dough well. Bake it for forty minutes.';
  const dogs = 'Dogs are welcome on Fridays. Cats are not.';
  const row = (question: string, corpus: string, references: { content: string; start_index: number }[]): string => {
    const full = references.map((reference) => ({
      ...reference,
      end_index: reference.start_index + reference.content.length,
    }));
    return [question, JSON.stringify(full), corpus].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
  };
  const write = async (rows: string[]): Promise<void> => {
    await writeFile(join(directory, 'corpora', 'bread.md'), bread);
    await writeFile(join(directory, 'corpora', 'dogs.txt.gz'), gzipSync(dogs));
    await writeFile(join(directory, 'questions_df.csv'), ['question,references,corpus_id', ...rows].join('\n'));
  };
  /** A chunk a sentence. */
  const bySentence: Chunker = {
    name: 'by sentence',
    chunk: async ({ text }) => ({
      text,
      chunks: [...text.matchAll(/[^.]+\./g)].map(({ 0: sentence, index: start }) => ({
        start,
        end: start + sentence.length,
        text: sentence,
        tokens: countTokens(sentence),
        title: '',
        embeddedText: sentence,
      })),
    }),
  };
  const embedder = createHashingEmbedder();
  const gateway = { embed: embedder.embed, embeddingSpace: embedder.space, countTokens };
  const evaluate = (maxLines = 100) =>
    createChunkingEvaluation({
      benchmarks: createSpanFolderReader({ maxLines }),
      createIndex: (dimensions) => createSearchIndex({ dimensions }),
      gateway,
      ranker: createRanker({ gateway, config: retrievalConfig.parse({}) }),
      clock: systemClock,
    }).evaluateChunking({ directory, chunkers: [bySentence], signal: new AbortController().signal });

  it('finds the references by their offsets in code points and scores each corpus', async () => {
    await write([
      row('How long to bake?', 'bread', [{ content: 'Bake it for forty minutes.', start_index: 31 }]),
      row('Are dogs welcome on Fridays?', 'dogs', [{ content: 'Dogs are welcome on Fridays.', start_index: 0 }]),
    ]);
    const report = await evaluate();
    expect(report).toMatchObject({ questions: 2, documents: 2, unknownReferences: 0 });
    const [measured] = report.chunkers;
    expect(measured).toMatchObject({ chunker: 'by sentence', chunks: 5 });
    expect(measured?.scores.map(({ corpus, reading, values }) => [corpus, reading, values.recall])).toEqual(
      ['all', 'bread', 'dogs'].flatMap((corpus) =>
        ['1,000 tokens', '2,000 tokens', '5 chunks'].map((reading) => [corpus, reading, 1]),
      ),
    );
    expect(formatChunkingReport(report)).toContain('by sentence  all');
  });

  it('counts what is not in the texts as not found', async () => {
    await write([row('What of the moon?', 'dogs', [{ content: 'The moon is cheese.', start_index: 3 }])]);
    const report = await evaluate();
    expect(report.unknownReferences).toBe(1);
    expect(report.chunkers[0]?.scores[0]?.values.recall).toBe(0);
    expect(formatChunkingReport(report)).toContain('1 references are not in the texts');
  });

  it('names the file and line of what it cannot read', async () => {
    await write([row('Fine?', 'dogs', []), row('Which?', 'nowhere', [])]);
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_LINE_INVALID', details: { line: 3 } });
    await write(['a,not json,dogs']);
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_LINE_INVALID', details: { line: 2 } });
    await write(['a,[],dogs', 'b,[],dogs']);
    await expect(evaluate(1)).rejects.toMatchObject({ code: 'BENCHMARK_TOO_LARGE' });
    await write([]);
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_UNJUDGED' });
    await rm(join(directory, 'questions_df.csv'));
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_FILE_MISSING' });
    await rm(join(directory, 'corpora'), { recursive: true });
    await expect(evaluate()).rejects.toMatchObject({ code: 'BENCHMARK_FILE_MISSING' });
  });
});
