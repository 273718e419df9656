/** Brings a collection into the present embedding space, a bounded piece at a time; for a job that comes again. */
import { isAppError } from '#platform/errors.ts';
import type { Corpus, EmbedChunks, Reembedded, VectorSpace } from '../service.ts';

/** Chunks embedded with one read and one write. */
const chunksPerPage = 100;
/** Pages of one call: it ends within a job's patience, and what it did stays. */
const mostPages = 20;
/** Times that documents may be written, between the last look and the swap, before the next call goes on. */
const mostSwaps = 3;

type Spaces = Pick<Corpus, 'beginSpace' | 'chunksWithoutVector' | 'addVectors' | 'swapSpace' | 'pruneVectors'>;

export function createReembedding(spaces: Spaces, space: VectorSpace) {
  async function embedPages(
    organizationId: string,
    collectionId: string,
    embed: EmbedChunks,
    signal: AbortSignal,
  ): Promise<{ embedded: number; isComplete: boolean }> {
    let embedded = 0;
    let after: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      signal.throwIfAborted();
      const chunks = await spaces.chunksWithoutVector(organizationId, collectionId, after, chunksPerPage);
      if (chunks.length === 0) return { embedded, isComplete: true };
      const vectors = await embed(chunks, signal);
      const rows = chunks.flatMap(({ chunkId }, index) => {
        const made = vectors[index];
        return made === undefined ? [] : [{ chunkId, ...made }];
      });
      await spaces.addVectors(organizationId, collectionId, rows);
      embedded += rows.length;
      after = chunks.at(-1)?.chunkId;
    }
    return { embedded, isComplete: false };
  }

  /** True when it is swapped; false when documents came that lack a vector. */
  async function trySwap(organizationId: string, collectionId: string): Promise<boolean> {
    try {
      await spaces.swapSpace(organizationId, collectionId);
      return true;
    } catch (error) {
      if (isAppError(error, 'SPACE_INCOMPLETE')) return false;
      throw error;
    }
  }

  return async (
    organizationId: string,
    collectionId: string,
    embed: EmbedChunks,
    signal: AbortSignal,
  ): Promise<Reembedded> => {
    const state = await spaces.beginSpace(organizationId, collectionId, space);
    let embedded = 0;
    let isSwapped = state === 'live';
    for (let attempt = 0; attempt < mostSwaps; attempt += 1) {
      const done = await embedPages(organizationId, collectionId, embed, signal);
      embedded += done.embedded;
      if (!done.isComplete) return { embedded, isDone: false };
      isSwapped ||= await trySwap(organizationId, collectionId);
      if (isSwapped) break;
    }
    if (!isSwapped) return { embedded, isDone: false };
    const { isDone } = await spaces.pruneVectors(organizationId, collectionId);
    return { embedded, isDone };
  };
}
