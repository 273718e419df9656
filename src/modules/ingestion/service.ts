/** The types that the parts of ingestion share: what a source yields, what is accepted, what a task tells. */
import type { DocumentAnalysis } from './document-analysis.ts';
import type { ParsedDocument } from './ports.ts';

export { type Classification, type DocumentAnalysis, type Entity, entityKinds } from './document-analysis.ts';

/** What a connector tells about one document at its source. */
export type DiscoveredDocument = {
  /** The source's own name for it, unique within the source. */
  externalId: string;
  /** Its ending decides the format. */
  filename: string;
  title?: string | undefined;
  url?: string | undefined;
  sizeBytes?: number | undefined;
  /** Larger is newer; undefined where the source has no order. */
  version?: number | undefined;
  modifiedAt?: Date | undefined;
  /** Differs whenever the content may differ; compared with what `KnownDocuments` gives back at the next look. */
  fingerprint?: string | undefined;
};

/** One thing that changed at a source. */
export type Change =
  | { kind: 'upsert'; document: DiscoveredDocument }
  | { kind: 'delete'; externalId: string }
  /** Everything before is told; `cursor` is where the next look goes on. `known`: documents at the source, when it was looked through whole. */
  | {
      kind: 'checkpoint';
      cursor: unknown;
      known?: number | undefined;
      /** What could not be looked at, although everything else was. */
      problem?: { code: string; message: string } | undefined;
    };

/** What is known of a source already, in the byte order of the external ids, for connectors that find deletions by comparing. */
export type KnownDocuments = {
  /** At most `limit` after `after` (undefined: from the first). During a full re-sync no fingerprint is given. */
  list(after: string | undefined, limit: number): Promise<KnownDocument[]>;
};

export type KnownDocument = { externalId: string; fingerprint: string | undefined };

/** Who asks for a source: the operator at the command line may name folders that nobody else may. */
export type SettingsAuthor = { isOperator: boolean };

export type Bytes = { bytes: Uint8Array };

/** One kind of source. Never writes to the store; runs in a worker. */
export type Connector = {
  /** Lower-case word, unique, stable. */
  readonly kind: string;
  /** Pause between two looks at the source, in seconds. Absent: it is looked at when somebody asks. */
  readonly intervalSeconds?: number;
  /**
   * Checks settings of a new or changed source and returns them complete. Throws SOURCE_SETTINGS_INVALID with the path
   * and the fix. `author` undefined: anybody.
   */
  validate(settings: unknown, author?: SettingsAuthor): Promise<Record<string, unknown>>;
  /** Changes since the cursor; undefined: everything. Ends; the scheduler comes again. Throws AppError SOURCE_…. */
  changes(
    settings: Record<string, unknown>,
    cursor: unknown,
    signal: AbortSignal,
    known?: KnownDocuments,
  ): AsyncIterable<Change>;
  /** Present: documents are pushed to the source, and it is never looked at. Returns the document complete. */
  receive?(settings: Record<string, unknown>, pushed: DiscoveredDocument): DiscoveredDocument;
  /** The bytes of one document as they are now. Throws SOURCE_DOCUMENT_GONE when it is no longer there. */
  fetch(settings: Record<string, unknown>, externalId: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Calls back soon after something changed, until closed; absent: the source is looked at by its interval only. */
  watch?(settings: Record<string, unknown>, onChange: () => void): { close(): void };
};

/** A document that is accepted into a source; `blobKey` names its bytes when they were pushed. */
export type AcceptedDocument = DiscoveredDocument & { blobKey?: string | undefined };

export type Acceptance = {
  sourceId: string;
  taskId: string;
  documents: readonly AcceptedDocument[];
  /** External ids that are gone at the source. */
  removed: readonly string[];
  /** Moves the source's cursor in the same transaction; undefined leaves it. */
  checkpoint?: { cursor: unknown; known?: number | undefined } | undefined;
  /** The attempt of the look at the source; a later one makes this acceptance fail with SOURCE_SYNC_SUPERSEDED. */
  fence?: { syncAttempt: number } | undefined;
};

/** Where everything that shall become searchable enters. */
export type Intake = {
  /** A task collects documents until it is sealed; it ends when its last document has. */
  openTask(organizationId: string, task: { sourceId: string; kind: 'sync' | 'upload' }): Promise<{ taskId: string }>;
  /**
   * One transaction: items, batches of up to 50, their jobs, cursor, `document.discovered` events. What resolves is
   * durable. An older version than the known one is ignored. Throws TASK_NOT_FOUND, TASK_SEALED, SOURCE_NOT_FOUND.
   */
  accept(organizationId: string, acceptance: Acceptance): Promise<{ items: { itemId: string; externalId: string }[] }>;
  /** No more documents come. `failure`: the look at the source ended early, for this reason. */
  sealTask(
    organizationId: string,
    taskId: string,
    end?: { unchanged?: number; failure?: { code: string; message: string } },
  ): Promise<void>;
};

/** Pure; anything wrong with the text ends in less knowledge, never in an error. */
export type Analyze = (
  document: ParsedDocument,
  hints: { title: string; filename: string; mediaType: string },
) => DocumentAnalysis;
