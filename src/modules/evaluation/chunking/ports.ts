/** What measuring chunks needs from outside: texts, questions whose answers are known to the character, and a chunker. */

/** Both in UTF-16 code units, `end` exclusive. */
export type Span = { start: number; end: number };

export type SpanDocument = { id: string; filename: string; text: string };

/** `content` as it stands in the document's text at `start`. */
export type SpanReference = { start: number; content: string };

export type SpanQuestion = { text: string; documentId: string; references: SpanReference[] };

export type SpanBenchmark = { documents: SpanDocument[]; questions: SpanQuestion[] };

export type SpanBenchmarkReader = {
  /**
   * Reads the whole benchmark. Throws BENCHMARK_FILE_MISSING, BENCHMARK_LINE_INVALID, BENCHMARK_TOO_LARGE, and the
   * signal's reason when aborted.
   */
  read(directory: string, signal: AbortSignal): Promise<SpanBenchmark>;
};

/** A chunk as it would be stored and searched. */
export type MeasuredChunk = Span & {
  text: string;
  tokens: number;
  /** Searched with the text, as `SearchEntry.title`. */
  title: string;
  /** What is embedded for it. */
  embeddedText: string;
};

/** One way of chunking, with everything that ingestion does to a text before. */
export type Chunker = {
  /** Unique among those that are compared. */
  name: string;
  /** `text` is the canonical text that the chunks' offsets point into. */
  chunk(document: { filename: string; text: string }): Promise<{ text: string; chunks: MeasuredChunk[] }>;
};
