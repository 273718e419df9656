/** What belongs to one stored document besides its text: the file that it came as, and its end when a person deletes it. */
import type { Corpus } from '#modules/corpus/index.ts';
import type { BlobStore } from '#platform/blobs/ports.ts';
import { AppError, isAppError } from '#platform/errors.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import { ingestionErrors } from '../errors.ts';
import { discardBlobs } from '../intake/discard-blobs.ts';
import { retryConflicts } from '../intake/retry-conflicts.ts';
import { endTasks } from '../intake/store.ts';
import type { IngestionTables } from '../store.ts';
import { type ForgottenItem, findOriginal, forgetDocument } from './store.ts';

export type Originals = {
  /**
   * Deletes a document with all that was derived from it, and its original. What is in hand of it changes nothing any
   * more; the same sent again makes it anew. Throws DOCUMENT_NOT_FOUND.
   */
  deleteDocument(organizationId: string, documentId: string): Promise<{ position: string }>;
  /** The bytes as they were sent. Throws DOCUMENT_NOT_FOUND, ORIGINAL_NOT_KEPT. */
  readOriginal(organizationId: string, documentId: string): Promise<{ filename: string; bytes: Buffer }>;
};

type Dependencies = {
  db: TableDatabase<IngestionTables>;
  corpus: Pick<Corpus, 'deleteDocument' | 'readDocument'>;
  blobs: BlobStore;
};

export function createOriginals({ db, corpus, blobs }: Dependencies): Originals {
  return {
    async deleteDocument(organizationId, documentId) {
      let forgotten: ForgottenItem[] = [];
      const deleted = await retryConflicts(() =>
        corpus.deleteDocument<IngestionTables>(organizationId, documentId, {
          async within(transaction, ids) {
            forgotten = await forgetDocument(transaction, ids);
          },
        }),
      );
      const taskIds = forgotten.flatMap(({ taskId }) => taskId ?? []);
      if (taskIds.length > 0) await db.inOrganization(organizationId, (transaction) => endTasks(transaction, taskIds));
      await discardBlobs(
        blobs,
        forgotten.flatMap(({ blobKey, originalKey }) => [blobKey, originalKey].filter((key) => key !== null)),
      );
      return deleted;
    },
    async readOriginal(organizationId, documentId) {
      await corpus.readDocument(organizationId, documentId);
      const original = await db.inOrganization(organizationId, (transaction) => findOriginal(transaction, documentId));
      if (original === undefined) throw notKept();
      try {
        return { filename: original.filename, bytes: await blobs.get(original.key) };
      } catch (error) {
        // Replaced or deleted since.
        if (isAppError(error, 'BLOB_NOT_FOUND')) throw notKept(error);
        throw error;
      }
    },
  };
}

function notKept(cause?: unknown): AppError {
  return new AppError('ORIGINAL_NOT_KEPT', 'not-found', ingestionErrors.ORIGINAL_NOT_KEPT, { cause });
}
