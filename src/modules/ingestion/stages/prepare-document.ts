/** From the bytes of a file to everything that the corpus keeps of it, but for the vectors. */
import type { NewDocument } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createPace, type Pace } from '#platform/pace.ts';
import { type Chunk, chunkDocument } from '../chunkers/chunk-document.ts';
import type { IngestionConfig } from '../config.ts';
import { toEmbeddingText } from '../embedding-text.ts';
import { titleFromFilename, toTitle } from '../parsing/document-title.ts';
import type { Format, ParsedDocument, Parser } from '../ports.ts';
import type { Analyze, DocumentAnalysis } from '../service.ts';
import { hashOfText } from './hash-content.ts';
import { type OnStage, timeStage } from './time-stage.ts';

export type StageDependencies = {
  gateway: Pick<Gateway, 'embed' | 'countTokens' | 'embeddingSpace'>;
  parser: Parser;
  analyze: Analyze;
  clock: Clock;
  config: IngestionConfig;
  /** Called when a stage is reached and before the next one; tests interrupt the work there. */
  onStep: OnStep;
  /** Hears of each stage that was passed, for the metrics. */
  onStage: OnStage;
};

/** The places where work can be interrupted, in their order. */
export const steps = ['claimed', 'loaded', 'parsed', 'classified', 'chunked', 'embedded', 'storing', 'stored'] as const;
export type Step = (typeof steps)[number];
export type OnStep = (step: Step, externalIds: readonly string[]) => Promise<void> | void;

/** A file as it came. */
export type Original = {
  externalId: string;
  filename: string;
  /** As its sender or source calls it; goes before the document's own title. */
  title: string | undefined;
  url: string | undefined;
  format: Format;
  contentHash: string;
  sizeBytes: number;
};

export type Prepared = Original & {
  text: string;
  warnings: readonly string[];
  /** What the document is called in the end. */
  finalTitle: string;
  analysis: DocumentAnalysis;
  chunks: Chunk[];
};

/** Throws what the parser throws and DOCUMENT_TOO_LONG. */
export async function parseOriginal(
  { filename, format, title }: Pick<Original, 'filename' | 'format' | 'title'>,
  { bytes, group }: { bytes: Uint8Array; group?: string },
  dependencies: Pick<StageDependencies, 'parser' | 'clock' | 'config' | 'onStage'>,
  signal: AbortSignal,
): Promise<ParsedDocument> {
  const parsed = await timeStage(dependencies, { stage: 'parse' }, () =>
    dependencies.parser.parse(format, { filename, bytes, title, group }, signal),
  );
  refuseLongText(parsed, dependencies.config);
  return parsed;
}

/** Analyses and chunks. Throws DOCUMENT_WITHOUT_TEXT. */
export async function prepareDocument(
  original: Original,
  parsed: ParsedDocument,
  dependencies: Pick<StageDependencies, 'analyze' | 'gateway' | 'clock' | 'config' | 'onStep' | 'onStage'>,
  signal: AbortSignal,
): Promise<Prepared> {
  const { analyze, clock, onStep } = dependencies;
  const { externalId, filename, format } = original;
  const pace = createPace(clock);
  const finalTitle = finalTitleOf(original, parsed);
  // Read by a child, it comes analysed; from a checkpoint it does not.
  const analysis =
    parsed.analysis ??
    (await timeStage(dependencies, { stage: 'analyze' }, () =>
      analyze(parsed, { title: finalTitle, filename, mediaType: mediaTypeOf(format) }),
    ));
  await onStep('classified', [externalId]);
  await pace.breathe();
  const chunks = await timeStage(dependencies, { stage: 'chunk' }, () => chunksOf(parsed, dependencies, pace, signal));
  await onStep('chunked', [externalId]);
  const { text, warnings } = parsed;
  return { ...original, text, warnings, finalTitle, analysis, chunks };
}

/** What was given, else what the document calls itself, else the name of its file. */
export function finalTitleOf(
  { title, filename }: Pick<Original, 'title' | 'filename'>,
  parsed: ParsedDocument,
): string {
  return toTitle(title ?? '') || parsed.title || titleFromFilename(filename);
}

async function chunksOf(
  document: ParsedDocument,
  { gateway, config }: Pick<StageDependencies, 'gateway' | 'config'>,
  pace: Pace,
  signal: AbortSignal,
): Promise<Chunk[]> {
  const { chunker, chunkTokens: maxTokens, overlapTokens } = config;
  const countTokens = (text: string): number => gateway.countTokens(text);
  const chunks: Chunk[] = [];
  for (const chunk of chunkDocument(document, { chunker, maxTokens, overlapTokens, countTokens })) {
    chunks.push(chunk);
    await pace.breathe();
    signal.throwIfAborted();
  }
  if (chunks.length > 0) return chunks;
  throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds no text that could be searched.');
}

const mediaTypeOf = ({ mediaTypes }: Format): string => mediaTypes[0] ?? 'application/octet-stream';

/** As the corpus takes it. `chunkIds` and `vectors`: one for each chunk, in their order. */
export async function toNewDocument(
  prepared: Prepared,
  place: {
    collectionId: string | undefined;
    corpusExternalId: string;
    pipeline: string;
    chunkIds: readonly string[];
    vectors: readonly Float32Array[];
  },
  pace: Pace,
): Promise<NewDocument> {
  const chunks: NewDocument['chunks'][number][] = [];
  for (const [ordinal, chunk] of prepared.chunks.entries()) {
    const embeddedTextHash = hashOfText(toEmbeddingText(prepared.finalTitle, chunk));
    const { chunkIds, vectors } = place;
    chunks.push({ ...chunk, ordinal, id: chunkIds[ordinal], vector: vectors[ordinal], embeddedTextHash });
    await pace.breathe();
  }
  return {
    collectionId: place.collectionId,
    externalId: place.corpusExternalId,
    title: prepared.finalTitle,
    mediaType: mediaTypeOf(prepared.format),
    contentHash: prepared.contentHash,
    sizeBytes: prepared.sizeBytes,
    text: prepared.text,
    chunks,
    pipeline: place.pipeline,
    analysis: prepared.analysis,
    sourceUrl: prepared.url,
  };
}

export function refuseLargeFile(sizeBytes: number, { maxFileBytes }: IngestionConfig): void {
  if (sizeBytes <= maxFileBytes) return;
  const message = `The file has ${sizeBytes} bytes; at most ${maxFileBytes} are taken (ingestion.maxFileBytes).`;
  throw new AppError('DOCUMENT_TOO_LARGE', 'too-large', message, { details: { sizeBytes, maxFileBytes } });
}

function refuseLongText({ text }: ParsedDocument, { maxTextCharacters }: IngestionConfig): void {
  if (text.length <= maxTextCharacters) return;
  const message = `The text has ${text.length} characters; at most ${maxTextCharacters} are taken (ingestion.maxTextCharacters).`;
  throw new AppError('DOCUMENT_TOO_LONG', 'too-large', message, {
    details: { characters: text.length, maxTextCharacters },
  });
}
