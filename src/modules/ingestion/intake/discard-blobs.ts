import type { BlobStore } from '#platform/blobs/ports.ts';

/** What cannot be deleted now is found by the sweep: the blobs belong to nobody any more. */
export async function discardBlobs(blobs: Pick<BlobStore, 'delete'>, keys: readonly string[]): Promise<void> {
  await Promise.allSettled(keys.map((key) => blobs.delete(key)));
}
