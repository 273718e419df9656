/** Ingestion on a real database with a real corpus; workers are calls of the test's own, and parsing is in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { corpusConfig } from '#modules/corpus/config.ts';
import { createCorpus } from '#modules/corpus/corpus.ts';
import { createFakeEmbedder } from '#modules/gateway/testing/fake-embedder.ts';
import { openFileBlobStore } from '#platform/blobs/adapters/file-blob-store.ts';
import { systemClock } from '#platform/clock.ts';
import { createCursors } from '#platform/cursor.ts';
import { AppError } from '#platform/errors.ts';
import { createIds } from '#platform/ids.ts';
import type { Database } from '#platform/postgres/ports.ts';
import type { Jobs, NewJob } from '#platform/queue/ports.ts';
import { systemRandom } from '#platform/random.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { Secret } from '#platform/secret.ts';
import { markdownFormat } from '../adapters/text/markdown-format.ts';
import { textFormat } from '../adapters/text/text-format.ts';
import { type IngestionConfig, ingestionConfig } from '../config.ts';
import { createIngestion, type IngestionDependencies } from '../ingestion.ts';
import { createIntake } from '../intake/create-intake.ts';
import { parseDocument } from '../parsing/parse-document.ts';
import type { Parser } from '../ports.ts';
import type { DiscoveredDocument } from '../service.ts';
import type { IngestionTables } from '../store.ts';

export type TestIngestion = Awaited<ReturnType<typeof openTestIngestion>>;

export type TestIngestionOptions = {
  config?: Partial<IngestionConfig>;
  overrides?: Partial<IngestionDependencies>;
};

/** `files`: what the source of kind `files` holds, by external id; the test changes it. */
export async function openTestIngestion(
  database: Database,
  { config: given = {}, overrides = {} }: TestIngestionOptions = {},
) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'nexus-ingestion-'));
  const config = ingestionConfig.parse({ retryDelayMs: 0, gatherMs: 0, ...given });
  const ids = createIds(systemClock, systemRandom);
  const organizationId = ids.next();
  const embedder = createFakeEmbedder();
  const files = new Map<string, string>();
  const parsed: string[] = [];
  const sent: NewJob[] = [];
  const failures: unknown[] = [];
  const jobs: Jobs = {
    async send(_transaction, added) {
      for (const job of added) if (!sent.some(({ key }) => key !== undefined && key === job.key)) sent.push(job);
    },
  };
  const corpus = createCorpus({
    db: database.withTables(),
    space: embedder.space,
    createIndex: (dimensions: number) => createSearchIndex({ dimensions }),
    cursors: createCursors(new Secret('key of a test')),
    clock: systemClock,
    ids,
    config: corpusConfig.parse({}),
    onFollowError: () => undefined,
  });
  const parser: Parser = {
    formatOf: (filename) => {
      if (filename.endsWith('.md')) return markdownFormat;
      if (filename.endsWith('.txt')) return textFormat;
      throw new AppError('FORMAT_UNSUPPORTED', 'unsupported', 'That ending is not supported.');
    },
    isQuick: (_format, sizeBytes) => sizeBytes <= 65_536,
    async parse(format, { filename, bytes }) {
      parsed.push(filename);
      return parseDocument(format, bytes, { filename });
    },
  };
  const db = database.withTables<IngestionTables>();
  const blobs = await openFileBlobStore(path.join(folder, 'blobs'));
  const intake = createIntake({ db, blobs, jobs, ids, config });
  const dependencies: IngestionDependencies = {
    ...{ db, intake, corpus, parser, blobs, jobs, ids, config },
    gateway: { ...embedder, embeddingSpace: embedder.space },
    async fetchDocument(_organizationId, _sourceId, externalId) {
      const text = files.get(externalId);
      if (text === undefined) throw new AppError('SOURCE_DOCUMENT_GONE', 'not-found', 'It is gone.');
      return Buffer.from(text);
    },
    canFetch: (kind) => kind === 'files',
    clock: systemClock,
    cursors: createCursors(new Secret('key of a test')),
    onFailure: ({ error }) => failures.push(error),
    ...overrides,
  };
  const signal = new AbortController().signal;
  const workerOf = (more: Partial<IngestionDependencies> = {}) => {
    const [queue] = createIngestion({ ...dependencies, ...more }).queues;
    return (job: NewJob, abort: AbortSignal = signal) =>
      queue?.handle({ id: ids.next(), organizationId, data: job.data, attempt: 1 }, abort);
  };
  return {
    ...{
      organizationId,
      ids,
      corpus,
      blobs,
      intake,
      db,
      config,
      dependencies,
      files,
      parsed,
      sent,
      failures,
      workerOf,
    },
    ingestion: createIngestion(dependencies),
    /** A source of kind `files`. */
    async addSource(name = 'folder'): Promise<string> {
      const id = ids.next();
      await db.inOrganization(organizationId, (transaction) =>
        transaction
          .insertInto('ingestion_sources')
          .values({
            organization_id: organizationId,
            id,
            kind: 'files',
            name,
            settings: '{}',
            state: 'active',
            cursor: null,
            collection_id: null,
            known_documents: null,
            sync_attempt: 0,
          })
          .execute(),
      );
      return id;
    },
    /** As a connector would: the documents are at the source and told in one task, which is sealed. */
    async tell(
      sourceId: string,
      documents: Record<string, string>,
      { removed = [], ...told }: Partial<DiscoveredDocument> & { removed?: readonly string[] } = {},
    ): Promise<string> {
      for (const [name, text] of Object.entries(documents)) files.set(name, text);
      const { taskId } = await intake.openTask(organizationId, { sourceId, kind: 'sync' });
      const named = Object.keys(documents).map((name) => ({
        externalId: name,
        filename: name,
        sizeBytes: 10,
        ...told,
      }));
      await intake.accept(organizationId, { sourceId, taskId, documents: named, removed });
      await intake.sealTask(organizationId, taskId);
      return taskId;
    },
    /** An item as its row. */
    item: (externalId: string) =>
      db.inOrganization(organizationId, (transaction) =>
        transaction.selectFrom('ingestion_items').selectAll().where('external_id', '=', externalId).executeTakeFirst(),
      ),
    /** Handles every job that waits, and those that come of it, as one worker would. Answers how many. */
    async work(more: Partial<IngestionDependencies> = {}, most = 1000): Promise<number> {
      const handle = workerOf(more);
      let count = 0;
      while (count < most) {
        const job = sent.shift();
        if (job === undefined) break;
        await handle(job);
        count += 1;
      }
      return count;
    },
    /** Everything that is stored as bytes. */
    async blobKeys(): Promise<string[]> {
      const keys: string[] = [];
      for await (const { key } of blobs.list('')) keys.push(key);
      return keys;
    },
    async close() {
      await corpus.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
