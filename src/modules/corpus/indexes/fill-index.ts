/** Reads chunks into one index: all of a collection, or those of documents that changed. A page is in memory at a time. */
import type { Clock } from '#platform/clock.ts';
import { createPace, type Pace } from '#platform/pace.ts';
import type { ChunkSource, CollectionKey } from '../chunk-source.ts';
import type { VersionedChunk } from '../indexed-chunks/store.ts';
import type { LoadedIndex, Replacement } from './loaded-index.ts';

/** A page of rows is read in one step, which nothing else can interrupt. */
const chunksPerRead = 100;
const documentsPerRead = 50;

/** A document while its chunks are read. */
type Opened = { replacement: Replacement; added: number; isWhole: boolean };

type Pending = { key: CollectionKey; spaceId: string | undefined; pending: Set<string> };

export function createFiller({ source, clock }: { source: ChunkSource; clock: Clock }) {
  async function addAllChunks(key: CollectionKey, spaceId: string | undefined, loaded: LoadedIndex): Promise<void> {
    const pace = createPace(clock);
    let afterChunkId: string | undefined;
    for (;;) {
      const page = await source.chunkPage(key, spaceId, afterChunkId, chunksPerRead);
      for (const chunk of page) {
        loaded.addChunk(chunk);
        await pace.breathe();
      }
      if (page.length < chunksPerRead) return;
      afterChunkId = page.at(-1)?.chunkId;
    }
  }

  async function* chunksOf({ key, spaceId }: Pending, documentIds: readonly string[]): AsyncGenerator<VersionedChunk> {
    let after: VersionedChunk | undefined;
    for (;;) {
      const page = await source.chunksOf(key, spaceId, { documentIds, after, limit: chunksPerRead });
      yield* page;
      if (page.length < chunksPerRead) return;
      after = page.at(-1);
    }
  }

  /**
   * Gives the documents that were changed between two pages and have to be read again: what was read of them is of two
   * versions, or cut off, and is not shown. `cutOff` remembers across calls what was: cut off twice at the same place, a
   * chunk is missing for good.
   */
  async function applyDocuments(
    entry: Pending,
    loaded: LoadedIndex,
    documentIds: readonly string[],
    cutOff: Map<string, string>,
  ): Promise<string[]> {
    const pace = createPace(clock);
    const left = new Set(documentIds);
    const again: string[] = [];
    let open: (Pick<VersionedChunk, 'documentId' | 'version' | 'chunkCount'> & Opened) | undefined;
    const close = async (): Promise<void> => {
      const closing = open;
      open = undefined;
      if (closing === undefined) return;
      const { documentId, replacement, version, added, chunkCount, isWhole } = closing;
      const place = `${version} ${added}`;
      if (isWhole && (added === chunkCount || cutOff.get(documentId) === place)) return replacement.commit(pace);
      if (isWhole) cutOff.set(documentId, place);
      replacement.abort();
      again.push(documentId);
    };
    try {
      for await (const chunk of chunksOf(entry, documentIds)) {
        if (open?.documentId !== chunk.documentId) {
          await close();
          left.delete(chunk.documentId);
          open = { ...chunk, replacement: loaded.replace(chunk.documentId), added: 0, isWhole: true };
        }
        if (open.version !== chunk.version) open.isWhole = false;
        open.added += 1;
        open.replacement.addChunk(chunk);
        await pace.breathe();
      }
      await close();
    } catch (error) {
      open?.replacement.abort();
      throw error;
    }
    for (const documentId of left) await removeDocument(loaded, documentId, pace);
    return again;
  }

  async function applyPending(entry: Pending, loaded: LoadedIndex): Promise<void> {
    const cutOff = new Map<string, string>();
    while (entry.pending.size > 0) {
      const documentIds = [...entry.pending].slice(0, documentsPerRead).sort();
      // Taken out before the read: a change that comes during it must be read again.
      for (const documentId of documentIds) entry.pending.delete(documentId);
      try {
        for (const documentId of await applyDocuments(entry, loaded, documentIds, cutOff))
          entry.pending.add(documentId);
      } catch (error) {
        for (const documentId of documentIds) entry.pending.add(documentId);
        throw error;
      }
    }
  }

  return { addAllChunks, applyPending };
}

const removeDocument = (loaded: LoadedIndex, documentId: string, pace: Pace): Promise<void> =>
  loaded.replace(documentId).commit(pace);
