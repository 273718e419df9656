import path from 'node:path';
import type { Secret } from '../secret.ts';
import { openFileBlobStore } from './adapters/file-blob-store.ts';
import { openS3BlobStore } from './adapters/s3-blob-store.ts';
import type { BlobsConfig } from './config.ts';
import { openFileKey } from './file-key.ts';
import type { BlobStore } from './ports.ts';
import { sealBlobs } from './seal-blobs.ts';

export type OpenedBlobStore = {
  blobs: BlobStore;
  /** What else lies outside of rows, or must be read by Nexus only, is sealed under it too. */
  fileKey: Secret;
  close(): Promise<void> | void;
};

/** The configured store, encrypted. Throws FILE_KEY_INVALID, BLOB_STORE_UNAVAILABLE, STORAGE_FULL. */
export async function openBlobStore(home: string, config: BlobsConfig): Promise<OpenedBlobStore> {
  const fileKey = await openFileKey(home, config.key);
  if (config.store === 's3') {
    const store = await openS3BlobStore(config.s3);
    return { blobs: sealBlobs(store, fileKey), fileKey, close: store.close };
  }
  const store = await openFileBlobStore(config.directory ?? path.join(home, 'blobs'));
  return { blobs: sealBlobs(store, fileKey), fileKey, close: store.close };
}
