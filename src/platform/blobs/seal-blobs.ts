import type { Secret } from '../secret.ts';
import type { BlobStore } from './ports.ts';
import { seal, unseal } from './seal.ts';

/** Encrypts what goes into a store and checks what comes out; keys and sizes stay readable. */
export function sealBlobs(store: BlobStore, fileKey: Secret): BlobStore {
  return {
    ...store,
    put: async (key, bytes) => store.put(key, seal(fileKey, key, bytes)),
    get: async (key) => unseal(fileKey, key, await store.get(key)),
  };
}
