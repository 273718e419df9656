/** A document that is stored already as its sender has it now. */
import type { FoundDocument } from '#modules/corpus/index.ts';
import { discardBlobs } from '../intake/discard-blobs.ts';
import { retryConflicts } from '../intake/retry-conflicts.ts';
import { endTasks, tallyLeavers } from '../intake/store.ts';
import { tallyOf } from '../intake/tally-leavers.ts';
import { uploadSource } from '../intake/upload-source.ts';
import type { IngestionTransaction } from '../store.ts';
import type { BatchDependencies } from './batch-work.ts';
import type { Original } from './prepare-document.ts';
import { completeAsStored, lockUploadedItem, type UploadedItem } from './store.ts';

type Dependencies = Pick<BatchDependencies, 'db' | 'blobs'>;

/**
 * It goes before any other version of it that still waits or failed, whose work then changes nothing. False when what is
 * stored is another version by now.
 */
export async function settleStored(
  organizationId: string,
  { collectionId, original, stored }: { collectionId: string | undefined; original: Original; stored: FoundDocument },
  { db, blobs }: Dependencies,
): Promise<boolean> {
  const place = { sourceId: uploadSource(organizationId, collectionId).id, externalId: original.externalId };
  const abandonedBlobs: string[] = [];
  const isSettled = await retryConflicts(() =>
    db.inOrganization(organizationId, async (transaction) => {
      const item = await lockUploadedItem(transaction, place);
      if (item === undefined) return true;
      if (!isOf(item, stored)) return false;
      if (item.state === 'completed') return true;
      await completeAsStored(transaction, item.id, { ...original, ...stored });
      await partFrom(transaction, item);
      if (item.blobKey !== null) abandonedBlobs.push(item.blobKey);
      return true;
    }),
  );
  await discardBlobs(blobs, abandonedBlobs);
  return isSettled;
}

/** What the item was when it was last completed. */
function isOf({ documentId, contentHash, pipeline }: UploadedItem, stored: FoundDocument): boolean {
  return documentId === stored.documentId && contentHash === stored.contentHash && pipeline === stored.pipeline;
}

async function partFrom(transaction: IngestionTransaction, { taskId, state }: UploadedItem): Promise<void> {
  if (taskId === null) return;
  await tallyLeavers(transaction, tallyOf([{ taskId, state }]));
  await endTasks(transaction, [taskId]);
}
