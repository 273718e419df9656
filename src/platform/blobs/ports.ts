/** Bytes by key: files on disk or objects in S3, encrypted under the file key. */
export type BlobStore = {
  /**
   * Keeps the bytes; durable (survives power loss) when it resolves. The same key again replaces. Throws BLOB_KEY_INVALID,
   * STORAGE_FULL, BLOB_STORE_UNAVAILABLE.
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Throws BLOB_NOT_FOUND; BLOB_DAMAGED when the bytes are not the ones that were kept. */
  get(key: string): Promise<Buffer>;
  has(key: string): Promise<boolean>;
  /** Nothing happens when there is none. */
  delete(key: string): Promise<void>;
  /** Every blob whose key starts with the prefix, in no order. */
  list(prefix: string): AsyncIterable<StoredBlob>;
};

export type StoredBlob = { key: string; sizeBytes: number; modifiedAt: Date };
