/** The tables of this module, and the outbox that every module may add to. */
import type { Generated } from 'kysely';
import type { OutboxTable } from '#platform/events/index.ts';
import type { Transaction } from '#platform/postgres/ports.ts';

type Tenant = { organization_id: string };

export type TaskKind = 'sync' | 'upload' | 'retry' | 'reprocess' | 'removal';
export type TaskState = 'running' | 'completed' | 'failed' | 'canceled';
export type ItemState = 'pending' | 'processing' | 'completed' | 'failed' | 'deleted';

export type ItemOutcome = 'created' | 'updated' | 'unchanged';

export type IngestionTables = {
  ingestion_sources: Tenant & {
    id: string;
    kind: string;
    name: string;
    collection_id: string | null;
    settings: unknown;
    state: string;
    cursor: unknown;
    known_documents: number | null;
    /** Fence of a look through the source; see the migration of `sources`. */
    sync_attempt: number;
    updated_at: Generated<Date>;
  };
  ingestion_tasks: Tenant & {
    id: string;
    source_id: string;
    kind: TaskKind;
    state: Generated<TaskState>;
    is_sealed: Generated<boolean>;
    unchanged: Generated<number>;
    left_completed: Generated<number>;
    left_failed: Generated<number>;
    left_deleted: Generated<number>;
    left_superseded: Generated<number>;
    failure_code: string | null;
    failure_message: string | null;
    created_at: Generated<Date>;
    finished_at: Date | null;
  };
  ingestion_batches: Tenant & {
    id: string;
    source_id: string;
    attempt: Generated<number>;
    size: number;
    is_alone: Generated<boolean>;
    losses: Generated<number>;
    state: Generated<'pending' | 'running' | 'done'>;
    created_at: Generated<Date>;
    started_at: Date | null;
    touched_at: Generated<Date>;
    finished_at: Date | null;
  };
  ingestion_items: Tenant & {
    id: string;
    source_id: string;
    external_id: string;
    task_id: string | null;
    batch_id: string | null;
    change: 'upsert' | 'delete';
    revision: Generated<number>;
    filename: string;
    title: string | null;
    url: string | null;
    size_bytes: string | null;
    source_version: string | null;
    modified_at: Date | null;
    blob_key: string | null;
    original_key: string | null;
    content_hash: string | null;
    document_id: string | null;
    state: Generated<ItemState>;
    stage: Generated<string>;
    failures: Generated<number>;
    faults: Generated<number>;
    attempts: Generated<number>;
    failure_code: string | null;
    failure_message: string | null;
    pipeline: string | null;
    outcome: ItemOutcome | null;
    chunks: number | null;
    position: string | null;
    warnings: Generated<unknown>;
    discovered_at: Generated<Date>;
    processed_at: Date | null;
    updated_at: Generated<Date>;
  };
  platform_outbox: OutboxTable;
};

export type IngestionTransaction = Transaction<IngestionTables>;
