/** Do the chunks that a search finds hold the sentences that answer: measures chunkers on questions with known spans. */
import type { Gateway } from '#modules/gateway/index.ts';
import type { Ranker } from '#modules/retrieval/index.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import { meanOf } from '../bootstrap.ts';
import { measureSpans, type SpanScores, spanScoreNames } from './measure-spans.ts';
import type { Chunker, Span, SpanBenchmark, SpanBenchmarkReader, SpanQuestion } from './ports.ts';
import { type Readable, readWithinBudget } from './read-within-budget.ts';

/** What is read of a ranking: tokens that a prompt would hold, or the first few chunks, as papers report it. */
export const readings = [
  { name: '1,000 tokens', tokens: 1_000 },
  { name: '2,000 tokens', tokens: 2_000 },
  { name: '5 chunks', chunks: 5 },
] as const;

/** Scores of one chunker, by reading and by corpus; corpus `all` is the mean over all questions. */
export type ChunkerReport = {
  chunker: string;
  chunks: number;
  meanTokens: number;
  scores: { reading: string; corpus: string; questions: number; readTokens: number; values: SpanScores }[];
};

export type ChunkingReport = {
  questions: number;
  documents: number;
  /** References that are not where the benchmark says, nor anywhere near; they count as not found. */
  unknownReferences: number;
  embeddingModel: string;
  chunkers: ChunkerReport[];
  tookMs: number;
};

export type EvaluateChunking = {
  directory: string;
  chunkers: readonly Chunker[];
  onProgress?: ((progress: { stage: string; done: number; total: number }) => void) | undefined;
  signal: AbortSignal;
};

export type ChunkingEvaluation = {
  /** Throws what `SpanBenchmarkReader` throws, BENCHMARK_UNJUDGED, and the signal's reason when aborted. */
  evaluateChunking(request: EvaluateChunking): Promise<ChunkingReport>;
};

export type ChunkingEvaluationDependencies = {
  benchmarks: SpanBenchmarkReader;
  /** Opens an empty index, held only while one chunker is measured. */
  createIndex(dimensions: number): SearchIndex;
  gateway: Pick<Gateway, 'embed' | 'embeddingSpace' | 'countTokens'>;
  ranker: Ranker;
  clock: Clock;
};

const batchSize = 256;
const rankDepth = 200;

export function createChunkingEvaluation(dependencies: ChunkingEvaluationDependencies): ChunkingEvaluation {
  const { benchmarks, gateway, clock } = dependencies;
  return {
    async evaluateChunking(request) {
      const startMs = clock.monotonicMs();
      const benchmark = await benchmarks.read(request.directory, request.signal);
      if (benchmark.questions.length === 0) {
        throw new AppError('BENCHMARK_UNJUDGED', 'invalid', 'The benchmark has no question.');
      }
      const reports: (ChunkerReport & { unknownReferences: number })[] = [];
      for (const chunker of request.chunkers) {
        reports.push(await measureChunker(dependencies, { benchmark, chunker, request }));
      }
      return {
        questions: benchmark.questions.length,
        documents: benchmark.documents.length,
        unknownReferences: Math.max(0, ...reports.map((report) => report.unknownReferences)),
        embeddingModel: `${gateway.embeddingSpace.provider}:${gateway.embeddingSpace.model}`,
        chunkers: reports.map(({ unknownReferences: _, ...report }) => report),
        tookMs: clock.monotonicMs() - startMs,
      };
    },
  };
}

type IndexedChunks = { index: SearchIndex; chunks: Map<string, Readable>; texts: Map<string, string> };
type Work = { benchmark: SpanBenchmark; chunker: Chunker; request: EvaluateChunking };

async function measureChunker(dependencies: ChunkingEvaluationDependencies, work: Work) {
  const { benchmark, chunker, request } = work;
  const indexed = await indexChunks(dependencies, work);
  const rows: { corpus: string; scores: { readTokens: number; values: SpanScores }[] }[] = [];
  let unknownReferences = 0;
  for (const [done, question] of benchmark.questions.entries()) {
    request.signal.throwIfAborted();
    const { fused } = await dependencies.ranker.rank(indexed.index, question.text, rankDepth, request.signal);
    const ranked = fused.flatMap(({ id }) => indexed.chunks.get(id) ?? []);
    const references = locateReferences(question, indexed.texts.get(question.documentId) ?? '');
    unknownReferences += references.filter(({ isKnown }) => !isKnown).length;
    const scores = readings.map((reading) => scoreReading(ranked, reading, { question, references, dependencies }));
    rows.push({ corpus: question.documentId, scores });
    request.onProgress?.({ stage: chunker.name, done: done + 1, total: benchmark.questions.length });
  }
  const tokens = [...indexed.chunks.values()].map((chunk) => chunk.tokens);
  const corpora = ['all', ...new Set(rows.map(({ corpus }) => corpus))];
  return {
    chunker: chunker.name,
    chunks: tokens.length,
    meanTokens: meanOf(tokens),
    unknownReferences,
    scores: corpora.flatMap((corpus) => summarise(corpus, rows)),
  };
}

async function indexChunks(
  { gateway, createIndex }: ChunkingEvaluationDependencies,
  { benchmark, chunker, request }: Work,
): Promise<IndexedChunks> {
  const index = createIndex(gateway.embeddingSpace.dimensions);
  const indexed: IndexedChunks = { index, chunks: new Map(), texts: new Map() };
  for (const { id: documentId, filename, text: source } of benchmark.documents) {
    const { text, chunks } = await chunker.chunk({ filename, text: source });
    indexed.texts.set(documentId, text);
    for (let from = 0; from < chunks.length; from += batchSize) {
      const batch = chunks.slice(from, from + batchSize);
      const vectors = await gateway.embed(
        batch.map(({ embeddedText }) => embeddedText),
        request.signal,
      );
      for (const [at, { start, end, text: body, tokens, title }] of batch.entries()) {
        const id = `${documentId}#${from + at}`;
        indexed.chunks.set(id, { documentId, start, end, text: body, tokens });
        index.add({ id, title, body, vector: vectors[at] });
      }
    }
  }
  return indexed;
}

type Located = Span & { isKnown: boolean };

/** Reading may have changed the text a little (line ends, composed accents): the nearest same words are meant. */
function locateReferences({ references }: SpanQuestion, text: string): Located[] {
  return references.map(({ start, content: written }) => {
    const content = written.replaceAll(/\r\n?/g, '\n').normalize('NFC');
    const at = text.startsWith(content, start) ? start : nearestOf(text, content, start);
    return { start: at ?? start, end: (at ?? start) + content.length, isKnown: at !== undefined };
  });
}

function nearestOf(text: string, content: string, near: number): number | undefined {
  const before = text.lastIndexOf(content, near);
  const after = text.indexOf(content, near);
  const found = [before, after].filter((at) => at >= 0);
  return found.sort((one, other) => Math.abs(one - near) - Math.abs(other - near))[0];
}

type Reading = (typeof readings)[number];
type Judged = { question: SpanQuestion; references: Located[]; dependencies: ChunkingEvaluationDependencies };

function scoreReading(ranked: readonly Readable[], reading: Reading, { question, references, dependencies }: Judged) {
  const { countTokens } = dependencies.gateway;
  const read =
    'tokens' in reading
      ? readWithinBudget(ranked, reading.tokens, (text) => countTokens(text))
      : ranked.slice(0, reading.chunks);
  const own = read.filter(({ documentId }) => documentId === question.documentId);
  const foreign = read.filter((chunk) => !own.includes(chunk)).reduce((sum, { start, end }) => sum + end - start, 0);
  // What is not in the text as it was read is moved to where nothing can be found: it stays in what was asked for.
  const unknown = references.filter(({ isKnown }) => !isKnown).map(({ start, end }) => ({ start: -end, end: -start }));
  const wanted = [...references.filter(({ isKnown }) => isKnown), ...unknown];
  return {
    readTokens: read.reduce((sum, { tokens }) => sum + tokens, 0),
    values: measureSpans(wanted, own, foreign),
  };
}

type Row = { corpus: string; scores: { readTokens: number; values: SpanScores }[] };

function summarise(corpus: string, rows: readonly Row[]): ChunkerReport['scores'] {
  const mine = rows.filter((row) => corpus === 'all' || row.corpus === corpus);
  return readings.map(({ name }, at) => {
    const scores = mine.flatMap((row) => row.scores[at] ?? []);
    const [recall = 0, precision = 0, iou = 0] = spanScoreNames.map((score) =>
      meanOf(scores.map(({ values }) => values[score])),
    );
    const readTokens = meanOf(scores.map((score) => score.readTokens));
    return { reading: name, corpus, questions: mine.length, readTokens, values: { recall, precision, iou } };
  });
}
