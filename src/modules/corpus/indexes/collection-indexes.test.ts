import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { comparePositions, type Position } from '#platform/postgres/change-order.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { corpusConfig } from '../config.ts';
import type { VersionedChunk } from '../indexed-chunks/store.ts';
import {
  type CollectionIndexes,
  type CorpusChange,
  createCollectionIndexes,
  type IndexSource,
} from './collection-indexes.ts';

const at = (xid: number): Position => ({ xid: String(xid), id: '00000000-0000-7000-8000-000000000000' });

type Row = VersionedChunk & { organizationId: string; collectionId: string };

/** Collections, chunks and the log as a database would have them; every read can be made to wait. */
function createStored() {
  const collections = new Map<string, string[]>();
  const chunks: Row[] = [];
  const changes: CorpusChange[] = [];
  const state = { collectionReads: 0, beforeCollections: async () => undefined as unknown };
  const source: IndexSource = {
    comparePositions,
    currentPosition: async () => at(0),
    changesAfter: async (position, limit) =>
      changes.filter((change) => comparePositions(change.position, position) > 0).slice(0, limit),
    async collectionIds(organizationId) {
      state.collectionReads += 1;
      const found = [...(collections.get(organizationId) ?? [])];
      await state.beforeCollections();
      return found;
    },
    spaceOf: async () => ({ spaceId: undefined, lacksVectors: false }),
    chunkPage: async (key, _spaceId, after, limit) =>
      chunks
        .filter((chunk) => chunk.organizationId === key.organizationId && chunk.collectionId === key.collectionId)
        .filter((chunk) => after === undefined || chunk.chunkId > after)
        .slice(0, limit),
    chunksOf: async (key, _spaceId, { documentIds, after }) =>
      after === undefined
        ? chunks.filter(
            (chunk) => chunk.organizationId === key.organizationId && documentIds.includes(chunk.documentId),
          )
        : [],
  };
  return {
    source,
    state,
    collections,
    commit(organizationId: string, collectionId: string, documentId: string, vector: Buffer | null = null): Position {
      const present = collections.get(organizationId) ?? [];
      if (!present.includes(collectionId)) collections.set(organizationId, [...present, collectionId]);
      const key = { organizationId, collectionId };
      const content = { title: documentId, headingPath: [], text: documentId, vector };
      chunks.push({
        ...key,
        ...content,
        ordinal: 0,
        version: '',
        chunkCount: 1,
        chunkId: `chunk of ${documentId}`,
        documentId,
      });
      const position = at(changes.length + 1);
      changes.push({ ...key, documentId, position });
      return position;
    },
  };
}

const opened: CollectionIndexes[] = [];
afterEach(() => Promise.all(opened.splice(0).map((indexes) => indexes.close())));

function openIndexes({ source }: ReturnType<typeof createStored>) {
  const errors: unknown[] = [];
  const indexes = createCollectionIndexes({
    source,
    createIndex: () => createSearchIndex({ dimensions: 2 }),
    clock: systemClock,
    config: corpusConfig.parse({ followIntervalMs: 10 }),
    onFollowError: (error) => errors.push(error),
  });
  opened.push(indexes);
  return { indexes, errors };
}

const idsIn = (found: Awaited<ReturnType<CollectionIndexes['open']>>) => found.indexes.map((one) => one.collectionId);

describe('opening the indexes of an organization', () => {
  test('asks for the collections once, until they change', async () => {
    const stored = createStored();
    stored.collections.set('a', ['one']);
    const { indexes } = openIndexes(stored);
    for (let round = 0; round < 3; round += 1)
      expect(idsIn(await indexes.open('a', undefined, undefined))).toEqual(['one']);
    expect(stored.state.collectionReads).toBe(1);
    stored.collections.set('a', ['one', 'two']);
    indexes.forgetCollections('a');
    expect(idsIn(await indexes.open('a', undefined, undefined))).toEqual(['one', 'two']);
  });

  test('finds a collection that came with a document of another process', async () => {
    const stored = createStored();
    stored.collections.set('a', ['one']);
    const { indexes } = openIndexes(stored);
    await indexes.open('a', undefined, undefined);
    const position = stored.commit('a', 'two', 'document');
    expect(idsIn(await indexes.open('a', undefined, position))).toEqual(['one', 'two']);
  });

  test('does not remember a list that was being read while a collection came', async () => {
    const stored = createStored();
    const { indexes } = openIndexes(stored);
    const gate = Promise.withResolvers<void>();
    stored.state.beforeCollections = () => gate.promise;
    const early = indexes.open('a', undefined, undefined);
    await expect.poll(() => stored.state.collectionReads).toBe(1);
    const position = stored.commit('a', 'one', 'document');
    stored.state.beforeCollections = async () => undefined;
    const other = await indexes.open('b', undefined, position);
    expect(comparePositions(other.position, position)).toBeGreaterThanOrEqual(0);
    gate.resolve();
    await early;
    const late = await indexes.open('a', undefined, position);
    expect(idsIn(late)).toEqual(['one']);
    expect(late.indexes[0]?.index.size).toBe(1);
  });

  test('refuses a collection of somebody else, and looks once more for one it does not know', async () => {
    const stored = createStored();
    stored.collections.set('a', ['one']);
    stored.collections.set('b', ['two']);
    const { indexes } = openIndexes(stored);
    await expect(indexes.open('a', 'two', undefined)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    stored.collections.set('a', ['one', 'three']);
    expect(idsIn(await indexes.open('a', 'three', undefined))).toEqual(['three']);
  });
});

test('a document that no index can take holds up nobody else', async () => {
  const stored = createStored();
  stored.collections.set('a', ['one']);
  stored.collections.set('b', ['two']);
  const { indexes, errors } = openIndexes(stored);
  await indexes.open('a', undefined, undefined);
  await indexes.open('b', undefined, undefined);
  stored.commit('a', 'one', 'broken', Buffer.alloc(4));
  const position = stored.commit('b', 'two', 'whole');
  const found = await indexes.open('b', undefined, position);
  expect(found.indexes[0]?.index.size).toBe(1);
  expect(errors).toHaveLength(1);
});
