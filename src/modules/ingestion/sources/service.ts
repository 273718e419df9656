/** What sources offer and what they are made of. */
import type { Clock } from '#platform/clock.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { JobQueue, Jobs } from '#platform/queue/ports.ts';
import type { DurableIntake } from '../intake/create-intake.ts';
import type { Connector, Intake, SettingsAuthor } from '../service.ts';
import type { SourcesConfig } from './config.ts';
import type { SourceCounts, SourceRow, SourceTables } from './store.ts';

export type Source = SourceRow & {
  counts: SourceCounts;
  /** Documents at the source that are searchable, [0, 1]; 0 until it was looked through once. */
  coverage: number;
};

export type Page<Item> = { items: Item[]; nextCursor: string | undefined };

export type NewSource = {
  kind: string;
  name: string;
  collectionId?: string | undefined;
  settings?: unknown;
};

export type PushedDocument = {
  externalId: string;
  filename: string;
  title?: string | undefined;
  url?: string | undefined;
  version?: number | undefined;
};

export type Sources = {
  /** Throws SOURCE_KIND_UNKNOWN, SOURCE_NAME_TAKEN, COLLECTION_NOT_FOUND and what the connector's `validate` throws. */
  create(organizationId: string, source: NewSource, author: SettingsAuthor): Promise<Source>;
  list(
    organizationId: string,
    query: { kind?: string | undefined; cursor?: string | undefined; limit: number },
  ): Promise<Page<Source>>;
  /** Throws SOURCE_NOT_FOUND, as do all below. */
  show(organizationId: string, sourceId: string): Promise<Source>;
  /** New settings make the next look a whole one. */
  change(
    organizationId: string,
    sourceId: string,
    change: { name?: string | undefined; settings?: unknown },
    author: SettingsAuthor,
  ): Promise<Source>;
  /** The source is gone at once; the task ends when its documents are. */
  remove(organizationId: string, sourceId: string): Promise<{ taskId: string }>;
  /** Stops looking and refuses pushes; what was accepted waits until `resume`. */
  pause(organizationId: string, sourceId: string): Promise<Source>;
  resume(organizationId: string, sourceId: string): Promise<Source>;
  /**
   * Looks at the source soon; one that is under way looks once more. `full` ignores what is known of each document.
   * Throws SOURCE_PAUSED, SOURCE_SYNC_UNSUPPORTED.
   */
  sync(organizationId: string, sourceId: string, options: { full: boolean }): Promise<{ taskId: string }>;
  /** Durable when it resolves. Throws SOURCE_PUSH_UNSUPPORTED, SOURCE_PAUSED. */
  push(
    organizationId: string,
    sourceId: string,
    document: PushedDocument,
    bytes: Uint8Array,
  ): Promise<{ taskId: string; itemId: string }>;
  /** The pushed document is gone at its source; nothing happens when it was never there. */
  retract(organizationId: string, sourceId: string, externalId: string): Promise<{ taskId: string }>;
  /** The bytes of a document as they are now. Throws SOURCE_NOT_FOUND and what the connector's `fetch` throws. */
  fetch(organizationId: string, sourceId: string, externalId: string, signal: AbortSignal): Promise<Uint8Array>;
  /** False for kinds whose documents are pushed, and for those that no connector is of. */
  canFetch(kind: string): boolean;
  /** For the scheduler, every few seconds: asks for a look at each source whose time has come. Returns how many. */
  syncDueSources(): Promise<number>;
  /** For the scheduler, every hour: finishes interrupted removals and forgets old ones. Returns how many were seen. */
  tidyRemovedSources(): Promise<number>;
  /** Watches what can be watched until closed; for one process at a time, more do no harm. */
  watchSources(): { close(): Promise<void> };
  /** For `app/jobs.ts`. */
  readonly queues: readonly JobQueue[];
};

export type SourcesDependencies = {
  db: TableDatabase<SourceTables>;
  connectors: readonly Connector[];
  intake: Intake & Pick<DurableIntake, 'push'>;
  jobs: Jobs;
  cursors: Cursors;
  clock: Clock;
  ids: Ids;
  config: SourcesConfig;
  /** Throws COLLECTION_NOT_FOUND. */
  requireCollection: (organizationId: string, collectionId: string) => Promise<void>;
  /** A watcher or a look in the background failed; it is tried again by itself. */
  onBackgroundError: (error: unknown) => void;
};
