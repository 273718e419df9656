import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { ChunkSource, CollectionKey } from '../chunk-source.ts';
import type { VersionedChunk } from '../indexed-chunks/store.ts';
import type { OpenedIndex } from './load-entry.ts';
import { createLoadedIndexes } from './loaded-indexes.ts';

const key: CollectionKey = { organizationId: 'organization', collectionId: 'collection' };
const named = (collectionId: string): CollectionKey => ({ ...key, collectionId });

/** What the database holds: the chunks of each document, of each collection. A new version has new ids, as with us. */
function createTruth() {
  const collections = new Map<string, Map<string, VersionedChunk[]>>();
  let made = 0;
  let versions = 0;
  const documentsOf = (collectionId: string) => {
    const present = collections.get(collectionId) ?? new Map<string, VersionedChunk[]>();
    collections.set(collectionId, present);
    return present;
  };
  const chunksIn = (collectionId: string) =>
    [...documentsOf(collectionId).values()].flat().sort((left, right) => (left.chunkId < right.chunkId ? -1 : 1));
  return {
    chunksIn,
    documentsOf,
    put(documentId: string, chunks: number, collectionId = key.collectionId) {
      versions += 1;
      const version = String(versions);
      const rows = Array.from({ length: chunks }, (_, ordinal): VersionedChunk => {
        made += 1;
        const text = `${documentId} version ${made}`;
        const chunkId = String(made).padStart(9, '0');
        const place = { chunkId, documentId, ordinal, version, chunkCount: chunks };
        return { ...place, title: documentId, headingPath: [], text, vector: null };
      });
      documentsOf(collectionId).set(documentId, rows);
    },
    remove(documentId: string, collectionId = key.collectionId) {
      documentsOf(collectionId).delete(documentId);
    },
  };
}

type Truth = ReturnType<typeof createTruth>;

/** Reads the truth as it is when the answer is given out; `pause` decides when that is. */
function sourceOf(truth: Truth, pause: (what: string) => Promise<unknown> = async () => undefined): ChunkSource {
  return {
    spaceOf: async () => ({ spaceId: undefined, lacksVectors: false }),
    async chunkPage({ collectionId }, _spaceId, afterChunkId, limit) {
      const page = truth
        .chunksIn(collectionId)
        .filter(({ chunkId }) => afterChunkId === undefined || chunkId > afterChunkId)
        .slice(0, limit);
      await pause('page');
      return page;
    },
    async chunksOf({ collectionId }, _spaceId, { documentIds, after, limit }) {
      const isAfter = ({ documentId, ordinal }: VersionedChunk) =>
        after === undefined ||
        documentId > after.documentId ||
        (documentId === after.documentId && ordinal > after.ordinal);
      const chunks = [...documentIds]
        .sort()
        .flatMap((documentId) => truth.documentsOf(collectionId).get(documentId) ?? [])
        .filter(isAfter)
        .slice(0, limit);
      await pause('documents');
      return chunks;
    },
  };
}

function createManualClock(): Clock & { advance(): void } {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    advance() {
      nowMs += 1;
    },
  };
}

function openIndexes(source: ChunkSource, maxLoadedChunks = 1_000_000) {
  const clock = createManualClock();
  const made: SearchIndex[] = [];
  const createIndex = () => {
    const index = createSearchIndex({ dimensions: 2 });
    made.push(index);
    return index;
  };
  return { clock, made, indexes: createLoadedIndexes({ source, createIndex, clock, maxLoadedChunks }) };
}

function expectSame(index: SearchIndex, truth: Truth, collectionId = key.collectionId): void {
  const chunks = truth.chunksIn(collectionId);
  expect(index.size).toBe(chunks.length);
  for (const { chunkId } of chunks) expect(index.has(chunkId), chunkId).toBe(true);
}

describe('an index', () => {
  test('is loaded once for all who ask, with every page', async () => {
    const truth = createTruth();
    for (let document = 0; document < 11; document += 1) truth.put(`document-${document}`, 100);
    const { indexes, made } = openIndexes(sourceOf(truth));
    const [{ index: first }, { index: second }] = await Promise.all([indexes.open(key), indexes.open(key)]);
    expect(first).toBe(second);
    expect(made).toHaveLength(1);
    expectSame(first, truth);
  });

  test('has a change that came while it was being loaded', async () => {
    const truth = createTruth();
    truth.put('changed', 3);
    truth.put('deleted', 3);
    const gate = Promise.withResolvers<void>();
    const { indexes } = openIndexes(sourceOf(truth, (what) => (what === 'page' ? gate.promise : Promise.resolve())));
    const loading = indexes.open(key);
    truth.put('changed', 2);
    truth.remove('deleted');
    truth.put('new', 1);
    await indexes.refresh(key, ['changed', 'deleted', 'new']);
    gate.resolve();
    expectSame((await loading).index, truth);
  });

  test('has the last of two changes of one document when the second came while the first was being read', async () => {
    const truth = createTruth();
    const gates: PromiseWithResolvers<void>[] = [];
    const { indexes } = openIndexes(
      sourceOf(truth, (what) => {
        if (what === 'page') return Promise.resolve();
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        return gate.promise;
      }),
    );
    const { index } = await indexes.open(key);
    truth.put('document', 2);
    const first = indexes.refresh(key, ['document']);
    truth.put('document', 3);
    const second = indexes.refresh(key, ['document']);
    while (gates.length > 0) {
      gates.shift()?.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([first, second]);
    expectSame(index, truth);
  });

  test.each([
    ['a shorter one', 50],
    ['a longer one', 330],
    ['one that ends with a page', 100],
  ])('never shows a document in part that was replaced by %s between two pages', async (_what, chunks) => {
    const truth = createTruth();
    truth.put('document', 2);
    const seen = new Set<number>();
    let reads = 0;
    let index: SearchIndex | undefined;
    const source = sourceOf(truth, async (what) => {
      if (index !== undefined) seen.add(index.size);
      if (what === 'documents') reads += 1;
      if (what === 'documents' && reads === 1) truth.put('document', chunks);
    });
    const { indexes } = openIndexes(source);
    ({ index } = await indexes.open(key));
    truth.put('document', 250);
    await indexes.refresh(key, ['document']);
    expectSame(index, truth);
    expect([...seen].filter((size) => size !== 2 && size !== chunks)).toEqual([]);
  });

  test.each([3, 250])('shows what is there of a document that lacks a chunk for good, of %i', async (chunks) => {
    const truth = createTruth();
    const { indexes } = openIndexes(sourceOf(truth));
    const { index } = await indexes.open(key);
    truth.put('document', chunks);
    truth.documentsOf(key.collectionId).get('document')?.pop();
    await indexes.refresh(key, ['document']);
    expectSame(index, truth);
  });

  test('that failed to load is loaded again at the next opening', async () => {
    const truth = createTruth();
    truth.put('document', 2);
    let failures = 1;
    const source = sourceOf(truth, async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('the database is away');
    });
    const { indexes } = openIndexes(source);
    await expect(indexes.open(key)).rejects.toThrow('away');
    expectSame((await indexes.open(key)).index, truth);
  });

  test('keeps what it could not read while the database was away, and catches up', async () => {
    const truth = createTruth();
    truth.put('first', 1);
    let away = false;
    const source = sourceOf(truth, async () => {
      if (away) throw new AppError('DATABASE_UNAVAILABLE', 'unavailable', 'It is away.');
    });
    const { indexes, made } = openIndexes(source);
    const { index } = await indexes.open(key);
    truth.put('second', 1);
    away = true;
    await expect(indexes.refresh(key, ['second'])).rejects.toThrow('away');
    away = false;
    await indexes.refresh(key, []);
    expectSame(index, truth);
    expect(made).toHaveLength(1);
  });

  test('that cannot take a change is put out, so that it stands in nobody’s way', async () => {
    const truth = createTruth();
    truth.put('first', 1);
    const { indexes, made } = openIndexes(sourceOf(truth));
    await indexes.open(key);
    truth.documentsOf(key.collectionId).set('broken', [
      {
        chunkId: 'z',
        documentId: 'broken',
        ordinal: 0,
        version: '',
        chunkCount: 1,
        title: '',
        headingPath: [],
        text: 'x',
        vector: Buffer.alloc(4),
      },
    ]);
    await expect(indexes.refresh(key, ['broken'])).rejects.toThrow('embedding space');
    await indexes.refresh(key, ['broken']);
    truth.remove('broken');
    expectSame((await indexes.open(key)).index, truth);
    expect(made).toHaveLength(2);
  });
});

describe('the memory for indexes', () => {
  test('is given back by the least recently used', async () => {
    const truth = createTruth();
    for (const name of ['a', 'b', 'c']) truth.put('document', 300, name);
    const { indexes, clock, made } = openIndexes(sourceOf(truth), 1000);
    for (const name of ['a', 'b', 'a', 'c']) {
      clock.advance();
      await indexes.open(named(name));
    }
    expect(made).toHaveLength(3);
    clock.advance();
    await indexes.open(named('a'));
    expect(made, 'a was used after b and is still there').toHaveLength(3);
    await indexes.open(named('b'));
    expect(made, 'b was put out').toHaveLength(4);
  });

  test('is given back too when an index grows by changes', async () => {
    const truth = createTruth();
    for (const name of ['a', 'b']) truth.put('document', 300, name);
    const { indexes, clock, made } = openIndexes(sourceOf(truth), 1000);
    for (const name of ['a', 'b']) {
      clock.advance();
      await indexes.open(named(name));
    }
    truth.put('large', 400, 'b');
    await indexes.refresh(named('b'), ['large']);
    await indexes.open(named('a'));
    expect(made).toHaveLength(3);
  });

  test('counts indexes without chunks as well', async () => {
    const { indexes, clock, made } = openIndexes(sourceOf(createTruth()), 1000);
    for (let collection = 0; collection < 20; collection += 1) {
      clock.advance();
      await indexes.open(named(`empty-${collection}`));
    }
    await indexes.open(named('empty-0'));
    expect(made).toHaveLength(21);
  });

  test('is filled by few loads at once, whatever number of collections is opened', async () => {
    let loading = 0;
    let most = 0;
    const source = sourceOf(createTruth(), async () => {
      loading += 1;
      most = Math.max(most, loading);
      await new Promise((resolve) => setImmediate(resolve));
      loading -= 1;
    });
    const { indexes } = openIndexes(source);
    await Promise.all(Array.from({ length: 500 }, (_, collection) => indexes.open(named(`${collection}`))));
    expect(most).toBe(3);
  });
});

type Step = { put: number; chunks: number } | { remove: number } | { open: true };

test('whatever the order of loads and changes, the index ends equal to what is stored', async () => {
  const document = fc.integer({ min: 0, max: 5 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ put: document, chunks: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ remove: document }),
    fc.constant({ open: true as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 25 }), async (scheduler, steps) => {
      const truth = createTruth();
      for (let number = 0; number < 6; number += 1) truth.put(`document-${number}`, 2);
      const { indexes } = openIndexes(sourceOf(truth, (what) => scheduler.schedule(Promise.resolve(), what)));
      /** As the follower does it: one change after another, each after its commit. */
      let following: Promise<unknown> = Promise.resolve();
      const opening: (OpenedIndex | Promise<OpenedIndex>)[] = [];
      const play = async (one: Step): Promise<void> => {
        if ('open' in one) {
          opening.push(indexes.open(key));
          return;
        }
        const documentId = `document-${'put' in one ? one.put : one.remove}`;
        if ('put' in one) truth.put(documentId, one.chunks);
        else truth.remove(documentId);
        following = following.then(() => indexes.refresh(key, [documentId]));
      };
      for (const one of steps) void scheduler.schedule(Promise.resolve(), 'step').then(() => play(one));
      await scheduler.waitFor(
        (async () => {
          await scheduler.schedule(Promise.resolve(), 'first opening');
          opening.push(indexes.open(key));
        })(),
      );
      await scheduler.waitAll();
      await scheduler.waitFor(following);
      for (const one of opening) expectSame((await scheduler.waitFor(Promise.resolve(one))).index, truth);
    }),
    { numRuns: 300 },
  );
});
