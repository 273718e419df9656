/**
 * Work that is kept between the stages of a document whose redoing would cost much, under the hash of what it was made
 * from and the version of what made it: nothing else of the pipeline can make it wrong.
 */
import { createHash } from 'node:crypto';
import type { BlobStore } from '#platform/blobs/ports.ts';
import { isAppError } from '#platform/errors.ts';
import type { ParsedDocument } from '../ports.ts';
import type { DocumentAnalysis } from '../service.ts';
import type { Prepared } from './prepare-document.ts';

/** What is kept after embedding; the text is the parser's and is kept with it. */
export type EmbeddedCheckpoint = {
  analysis: DocumentAnalysis;
  chunks: Prepared['chunks'];
  vectors: Float32Array[];
};

/** One document's place; `version` is the parser's or the whole pipeline's, title included where it is embedded. */
export type CheckpointKey = {
  organizationId: string;
  contentHash: string;
  stage: 'parsed' | 'embedded';
  version: string;
};

export type Checkpoints = ReturnType<typeof createCheckpoints>;

export const checkpointsPrefix = 'checkpoints/';
const codecVersion = 1;

export function createCheckpoints(blobs: BlobStore) {
  const readJson = async (key: CheckpointKey): Promise<unknown> => {
    try {
      return JSON.parse((await blobs.get(toBlobKey(key))).toString('utf8'));
    } catch (error) {
      // A checkpoint spares work and is never needed: without it, or with a damaged one, the work is done again.
      if (isAppError(error, 'BLOB_NOT_FOUND', 'BLOB_DAMAGED')) return undefined;
      throw error;
    }
  };
  const write = async (key: CheckpointKey, value: unknown): Promise<void> => {
    try {
      await blobs.put(toBlobKey(key), Buffer.from(JSON.stringify(value), 'utf8'));
    } catch (error) {
      // A full disk holds back what must be kept; this need not be.
      if (!isAppError(error, 'STORAGE_FULL', 'BLOB_STORE_UNAVAILABLE')) throw error;
    }
  };
  return {
    readParsed: async (key: CheckpointKey) => (await readJson(key)) as ParsedDocument | undefined,
    /** Without its analysis, which depends on the title that its sender gave. */
    writeParsed: (key: CheckpointKey, document: ParsedDocument) => write(key, { ...document, analysis: undefined }),
    async readEmbedded(key: CheckpointKey): Promise<EmbeddedCheckpoint | undefined> {
      const kept = (await readJson(key)) as StoredEmbedded | undefined;
      return kept === undefined ? undefined : fromStored(kept);
    },
    writeEmbedded: (key: CheckpointKey, checkpoint: EmbeddedCheckpoint) => write(key, toStored(checkpoint)),
    async forget(keys: readonly CheckpointKey[]): Promise<void> {
      await Promise.allSettled(keys.map((key) => blobs.delete(toBlobKey(key))));
    },
  };
}

function toBlobKey({ organizationId, contentHash, stage, version }: CheckpointKey): string {
  const hash = createHash('sha256').update([codecVersion, contentHash, stage, version].join('\n')).digest('hex');
  return `${checkpointsPrefix}${organizationId}/${hash}`;
}

type StoredEmbedded = {
  analysis: Omit<DocumentAnalysis, 'signature'> & { signature: number[] | null };
  chunks: Prepared['chunks'];
  vectors: string[];
};

const toStored = ({ analysis, chunks, vectors }: EmbeddedCheckpoint): StoredEmbedded => ({
  analysis: { ...analysis, signature: analysis.signature === undefined ? null : [...analysis.signature] },
  chunks,
  vectors: vectors.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
  ),
});

const fromStored = ({ analysis, chunks, vectors }: StoredEmbedded): EmbeddedCheckpoint => ({
  analysis: { ...analysis, signature: analysis.signature === null ? undefined : Uint32Array.from(analysis.signature) },
  chunks: chunks.map((chunk) => ({ ...chunk, page: chunk.page ?? undefined })),
  vectors: vectors.map((encoded) => new Float32Array(Uint8Array.from(Buffer.from(encoded, 'base64')).buffer)),
});
