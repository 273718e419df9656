/** What ingestion needs from foreigners: readers of document formats, and somebody who runs them on untrusted files. */
import type { DocumentAnalysis } from './document-analysis.ts';

export const blockKinds = ['heading', 'paragraph', 'list', 'table', 'code', 'quote'] as const;

export type BlockKind = (typeof blockKinds)[number];

/** A stretch of the canonical text with one role. */
export type Block = {
  kind: BlockKind;
  /** First UTF-16 code unit. */
  start: number;
  /** Exclusive end. */
  end: number;
  /** Of a heading, 1 (outermost) to 6; absent otherwise. */
  level?: number;
  /** Page of the original, from 1; absent where the format has none. */
  page?: number;
};

export type ParsedDocument = {
  /** The document's own title; undefined when it has none. */
  title: string | undefined;
  /** Canonical: NFC, LF line ends, no NUL, no lone surrogate. What citations point into. */
  text: string;
  /** In order, not overlapping. Text outside of every block (comments, front matter) is kept and never searched. */
  blocks: Block[];
  /** What the reader had to guess, in whole sentences. */
  warnings: string[];
  /** What became known of it beside its text; absent where its reader only reads. A format makes none. */
  analysis?: DocumentAnalysis | undefined;
};

export type FormatHints = {
  /** Name with its ending; never opened. */
  filename: string;
};

/** One document format. Runs inside a child process: may be slow, hungry or wrong, never trusted. */
export type Format = {
  /** Lower-case word, unique, stable: part of the pipeline version. */
  readonly name: string;
  /** Raised when the same bytes give another text or other blocks, so that documents are read again. */
  readonly version: number;
  /** File name endings without the dot, lower-case. No two formats share one. */
  readonly extensions: readonly string[];
  /** The first one is stored with the document. */
  readonly mediaTypes: readonly string[];
  /** False when the bytes cannot be of this format, whatever the name says. Absent: any bytes may be tried. */
  matches?(bytes: Uint8Array): boolean;
  /**
   * Throws AppError DOCUMENT_… with a reason for the sender. Heavy packages are imported in here, not at the top.
   * The text may be anything: `parseDocument` around it checks and complains.
   */
  parse(bytes: Uint8Array, hints: FormatHints): ParsedDocument | Promise<ParsedDocument>;
};

/** Reads files somewhere they can do no harm. */
export type Parser = {
  /** The format that the file's ending asks for. Throws FORMAT_UNSUPPORTED with the endings that are known. */
  formatOf(filename: string): Format;
  /** Whether a file of this size is read in milliseconds, whatever is in it: of such ones many may be on their way. */
  isQuick(format: Format, sizeBytes: number): boolean;
  /** Throws the format's DOCUMENT_… and the sandbox's PARSER_… errors, or the signal's reason. */
  parse(
    format: Format,
    /**
     * `title`: as its sender calls it, for the analysis. `group`: quick files of one may be read together, which costs
     * less and lets them wait for one another; for those that nobody waits for.
     */
    file: {
      filename: string;
      bytes: Uint8Array;
      title?: string | undefined;
      group?: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<ParsedDocument>;
  /** How well what it reads is kept from doing harm, see `platform/sandbox`. Absent: it reads in this process. */
  probe?(signal: AbortSignal): Promise<{ strength: number; by: readonly string[] }>;
};
