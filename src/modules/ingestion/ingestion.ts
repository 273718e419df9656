import { createHash } from 'node:crypto';
import type { Corpus, NewChunk } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createPace, type Pace } from '#platform/pace.ts';
import { type Chunk, chunkDocument, chunkerVersion } from './chunk-document.ts';
import type { IngestionConfig } from './config.ts';
import { titleFromFilename, toTitle } from './document-title.ts';
import { toEmbeddingText } from './embedding-text.ts';
import type { Format, ParsedDocument, Parser } from './ports.ts';

export type IngestFile = {
  /** Its ending decides the format; its name is the title when the document has none. */
  filename: string;
  bytes: Uint8Array;
  /** What the sender calls the document; the same again replaces it. */
  externalId: string;
  /** Default: the organization's collection `default`. */
  collectionId?: string | undefined;
  /** Goes before the document's own title. Kept until the file changes. */
  title?: string | undefined;
};

export type Ingested = {
  documentId: string;
  outcome: 'created' | 'updated' | 'unchanged';
  chunks: number;
  /** A search that asks for at least this position sees the document. */
  position: string;
  /** What had to be guessed while reading, in whole sentences. */
  warnings: string[];
};

export type Ingestion = {
  /**
   * Makes a file searchable; returns when it is stored. The same file again changes nothing and is not even parsed.
   * Throws `ingestionErrors`, PARSER_… when the file broke its reader, and what corpus and gateway throw.
   */
  ingest(organizationId: string, file: IngestFile, signal: AbortSignal): Promise<Ingested>;
};

export type IngestionDependencies = {
  corpus: Pick<Corpus, 'findDocument' | 'replaceDocument'>;
  gateway: Pick<Gateway, 'embed' | 'countTokens' | 'embeddingSpace'>;
  parser: Parser;
  clock: Clock;
  config: IngestionConfig;
};

export function createIngestion({ corpus, gateway, parser, clock, config }: IngestionDependencies): Ingestion {
  return {
    async ingest(organizationId, file, signal) {
      refuseLargeFile(file.bytes, config);
      const { externalId, collectionId } = file;
      const pace = createPace(clock);
      const givenTitle = toTitle(file.title ?? '');
      const format = parser.formatOf(file.filename);
      const pipeline = pipelineOf(format, gateway, config);
      const contentHash = await hashOf(file.bytes, pace);

      const stored = await corpus.findDocument(organizationId, { collectionId, externalId });
      const isSameTitle = givenTitle === '' || givenTitle === stored?.title;
      if (stored?.contentHash === contentHash && stored.pipeline === pipeline && isSameTitle) {
        const { documentId, chunks, position } = stored;
        return { documentId, chunks, position, outcome: 'unchanged', warnings: [] };
      }

      const document = await parser.parse(format, file, signal);
      refuseLongText(document, config);
      const title = givenTitle || document.title || titleFromFilename(file.filename);
      const chunks = await chunksOf(document, { gateway, config, pace, signal });
      const vectors = await embedChunks(title, chunks, { gateway, config, pace, signal });
      const replaced = await corpus.replaceDocument(organizationId, {
        collectionId,
        externalId,
        title,
        mediaType: format.mediaTypes[0] ?? 'application/octet-stream',
        contentHash,
        sizeBytes: file.bytes.byteLength,
        text: document.text,
        chunks: chunks.map((chunk, ordinal): NewChunk => ({ ...chunk, ordinal, vector: vectors[ordinal] })),
        pipeline,
      });
      return { ...replaced, warnings: document.warnings };
    },
  };
}

/** Whatever changes chunks or vectors of the same bytes, so that only what it concerns is read again. */
function pipelineOf(
  format: Format,
  { embeddingSpace }: Pick<Gateway, 'embeddingSpace'>,
  config: IngestionConfig,
): string {
  const { provider, model, revision, dimensions } = embeddingSpace;
  return [
    `${format.name}@${format.version}`,
    `chunks@${chunkerVersion}:${config.chunkTokens}:${config.overlapTokens}`,
    `${provider}:${model}@${revision}:${dimensions}`,
  ].join(' ');
}

const hashSliceBytes = 2 ** 20;

async function hashOf(bytes: Uint8Array, pace: Pace): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.byteLength; start += hashSliceBytes) {
    hash.update(bytes.subarray(start, start + hashSliceBytes));
    await pace.breathe();
  }
  return hash.digest('hex');
}

type Work = Pick<IngestionDependencies, 'gateway' | 'config'> & { pace: Pace; signal: AbortSignal };

async function chunksOf(document: ParsedDocument, { gateway, config, pace, signal }: Work): Promise<Chunk[]> {
  const { chunkTokens: maxTokens, overlapTokens } = config;
  const countTokens = (text: string): number => gateway.countTokens(text);
  const chunks: Chunk[] = [];
  for (const chunk of chunkDocument(document, { maxTokens, overlapTokens, countTokens })) {
    chunks.push(chunk);
    await pace.breathe();
    signal.throwIfAborted();
  }
  if (chunks.length > 0) return chunks;
  throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds no text that could be searched.');
}

async function embedChunks(
  title: string,
  chunks: Chunk[],
  { gateway, config, pace, signal }: Work,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < chunks.length; start += config.embedBatch) {
    const texts = chunks.slice(start, start + config.embedBatch).map((chunk) => toEmbeddingText(title, chunk));
    vectors.push(...(await gateway.embed(texts, signal)));
    await pace.breathe();
    signal.throwIfAborted();
  }
  return vectors;
}

function refuseLargeFile({ byteLength }: Uint8Array, { maxFileBytes }: IngestionConfig): void {
  if (byteLength <= maxFileBytes) return;
  const message = `The file has ${byteLength} bytes; at most ${maxFileBytes} are taken (ingestion.maxFileBytes).`;
  throw new AppError('DOCUMENT_TOO_LARGE', 'too-large', message, { details: { sizeBytes: byteLength, maxFileBytes } });
}

function refuseLongText({ text }: ParsedDocument, { maxTextCharacters }: IngestionConfig): void {
  if (text.length <= maxTextCharacters) return;
  const message = `The text has ${text.length} characters; at most ${maxTextCharacters} are taken (ingestion.maxTextCharacters).`;
  throw new AppError('DOCUMENT_TOO_LONG', 'too-large', message, {
    details: { characters: text.length, maxTextCharacters },
  });
}
