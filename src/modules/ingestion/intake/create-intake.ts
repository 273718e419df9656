/** Where everything that shall become searchable enters; what it has answered for is durable. */
import type { BlobStore } from '#platform/blobs/ports.ts';
import { AppError } from '#platform/errors.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import { ingestionErrors } from '../errors.ts';
import type { Acceptance, DiscoveredDocument, Intake } from '../service.ts';
import type { IngestionTables, IngestionTransaction } from '../store.ts';
import { type AcceptDependencies, type Accepted, accept } from './accept.ts';
import { discardBlobs } from './discard-blobs.ts';
import { originalKey } from './original-key.ts';
import { createPush, type Pushed, type PushedDocument } from './push-documents.ts';
import { retryConflicts } from './retry-conflicts.ts';
import { endTasks, ensureUploadSource, insertTask, lockTask, sealTaskRow } from './store.ts';
import { uploadSource } from './upload-source.ts';

/** A document that is sent with its bytes, to be processed later. */
export type Push = {
  sourceId: string;
  /** Undefined: a task of its own. */
  taskId?: string | undefined;
  document: DiscoveredDocument;
  bytes: Uint8Array;
};

export type DurableIntake = Intake & {
  /** Keeps the bytes and accepts the document. What resolves is durable. Throws what `accept` and the blob store throw. */
  push(organizationId: string, push: Push): Promise<Pushed>;
  /** The same for the organization's own uploads, which is a source for each collection. Undefined: `default`. */
  upload(
    organizationId: string,
    upload: Omit<Push, 'sourceId'> & { collectionId: string | undefined },
  ): Promise<Pushed>;
  /** A task for uploads into any collection; unsealed. */
  openUploadTask(organizationId: string): Promise<{ taskId: string }>;
};

export type IntakeDependencies = AcceptDependencies & {
  db: TableDatabase<IngestionTables>;
  blobs: BlobStore;
};

export function createIntake({ db, blobs, ...dependencies }: IntakeDependencies): DurableIntake {
  const { ids } = dependencies;
  const inOrganization = <Result>(
    organizationId: string,
    work: (transaction: IngestionTransaction) => Promise<Result>,
  ): Promise<Result> => retryConflicts(() => db.inOrganization(organizationId, work));

  const forgetBlobs = (keys: readonly string[]) => discardBlobs(blobs, keys);

  async function keep(organizationId: string, bytes: Uint8Array): Promise<string> {
    const key = originalKey(organizationId, ids);
    await blobs.put(key, bytes);
    return key;
  }

  const pushDocument = createPush({ ...dependencies, inOrganization, forgetBlobs });
  async function push(
    organizationId: string,
    { document, bytes, ...place }: Omit<PushedDocument, 'document'> & Pick<Push, 'document' | 'bytes'>,
  ): Promise<Pushed> {
    const blobKey = await keep(organizationId, bytes);
    return pushDocument(organizationId, { ...place, document: { ...document, sizeBytes: bytes.byteLength, blobKey } });
  }

  return {
    async openTask(organizationId, { sourceId, kind }) {
      const id = ids.next();
      await inOrganization(organizationId, (transaction) =>
        insertTask(transaction, { organizationId, id, sourceId, kind, isSealed: false }),
      );
      return { taskId: id };
    },
    async openUploadTask(organizationId) {
      const source = { organizationId, ...uploadSource(organizationId, undefined) };
      const id = ids.next();
      await inOrganization(organizationId, async (transaction) => {
        await ensureUploadSource(transaction, source);
        await insertTask(transaction, { organizationId, id, sourceId: source.id, kind: 'upload', isSealed: false });
      });
      return { taskId: id };
    },
    async accept(organizationId, acceptance) {
      requireBounded(acceptance);
      const result: Accepted = await inOrganization(organizationId, (transaction) =>
        accept(transaction, organizationId, acceptance, dependencies),
      );
      await forgetBlobs(result.abandonedBlobs);
      return { items: result.items };
    },
    async sealTask(organizationId, taskId, end = {}) {
      await inOrganization(organizationId, async (transaction) => {
        const { unchanged = 0, failure } = end;
        if (await sealTaskRow(transaction, taskId, { unchanged, failure })) {
          await endTasks(transaction, [taskId]);
        } else if ((await lockTask(transaction, taskId)) === undefined) {
          throw new AppError('TASK_NOT_FOUND', 'not-found', ingestionErrors.TASK_NOT_FOUND);
        }
      });
    },
    push: (organizationId, { taskId, ...pushed }) => push(organizationId, { ...pushed, taskId, uploads: undefined }),
    upload(organizationId, { collectionId, taskId, ...pushed }) {
      const { id: sourceId, ...uploads } = uploadSource(organizationId, collectionId);
      return push(organizationId, { ...pushed, taskId, sourceId, uploads });
    },
  };
}

const mostChanges = 1000;

function requireBounded({ documents, removed }: Acceptance): void {
  if (documents.length + removed.length <= mostChanges) return;
  throw new AppError('ACCEPTANCE_TOO_LARGE', 'bug', `At most ${mostChanges} changes are accepted at once.`);
}
