/** What measuring retrieval and chunking needs: models and ranking, no home and no database. */
import { createBeirFolderReader } from '#modules/evaluation/adapters/beir-folder.ts';
import { createSpanFolderReader } from '#modules/evaluation/adapters/span-folder.ts';
import {
  type Chunker,
  createChunkingEvaluation,
  createEvaluation,
  type Evaluation,
} from '#modules/evaluation/index.ts';
import { createGateway } from '#modules/gateway/index.ts';
import { markdownFormat } from '#modules/ingestion/adapters/text/markdown-format.ts';
import { textFormat } from '#modules/ingestion/adapters/text/text-format.ts';
import { chunkDocument } from '#modules/ingestion/chunkers/chunk-document.ts';
import type { ChunkerName } from '#modules/ingestion/chunkers/chunker-names.ts';
import { toEmbeddingText } from '#modules/ingestion/embedding-text.ts';
import { titleFromFilename } from '#modules/ingestion/parsing/document-title.ts';
import { parseDocument } from '#modules/ingestion/parsing/parse-document.ts';
import { createRanker } from '#modules/retrieval/index.ts';
import { systemClock } from '#platform/clock.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { openEmbedder } from './adapters.ts';
import type { Config } from './config.ts';

export async function openEvaluation(config: Config, logger: Logger): Promise<Evaluation> {
  const gateway = createGateway({
    chatModel: undefined,
    embedder: await openEmbedder(config, logger),
    config: config.gateway,
  });
  return createEvaluation({
    benchmarks: createBeirFolderReader({ maxLines: config.evaluation.maxLines }),
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    gateway,
    ranker: createRanker({ gateway, config: config.retrieval }),
    clock: systemClock,
    config: config.evaluation,
  });
}

type ChunkSizes = { maxTokens: number; overlapTokens: number };

/** Each chunker reads a text as ingestion does, as Markdown or plain text by its name. */
export async function openChunkingEvaluation(config: Config, logger: Logger) {
  const embedder = await openEmbedder(config, logger);
  const gateway = createGateway({ chatModel: undefined, embedder, config: config.gateway });
  const evaluation = createChunkingEvaluation({
    benchmarks: createSpanFolderReader({ maxLines: config.evaluation.maxLines }),
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    gateway,
    ranker: createRanker({ gateway, config: config.retrieval }),
    clock: systemClock,
  });
  const toChunker = (name: ChunkerName, sizes: ChunkSizes): Chunker => ({
    name,
    async chunk({ filename, text: source }) {
      const format = filename.endsWith('.md') ? markdownFormat : textFormat;
      const document = await parseDocument(format, Buffer.from(source), { filename });
      const title = document.title ?? titleFromFilename(filename);
      const options = { ...sizes, chunker: name, countTokens: (text: string) => gateway.countTokens(text) };
      const chunks = [...chunkDocument(document, options)].map((chunk) => ({
        ...chunk,
        title: [title, ...chunk.headingPath].join('\n'),
        embeddedText: toEmbeddingText(title, chunk),
      }));
      return { text: document.text, chunks };
    },
  });
  const chunkers = (names: readonly ChunkerName[], sizes: ChunkSizes) => names.map((name) => toChunker(name, sizes));
  return { evaluation, chunkers };
}

export { formatChunkingReport, formatReport } from '#modules/evaluation/index.ts';
export { chunkerNames } from '#modules/ingestion/chunkers/chunker-names.ts';
