import { describe, expect, it } from 'vitest';
import type { Passage } from '#modules/corpus/index.ts';
import { systemClock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import { createHashingEmbedder } from '../gateway/adapters/hashing-embedder.ts';
import { retrievalConfig } from './config.ts';
import { createRetrieval, type RetrievalDependencies } from './retrieval.ts';
import { retrievalRoutes } from './routes.ts';

const { signal } = new AbortController();
const embedder = createHashingEmbedder();
const gateway = { embed: embedder.embed, embeddingSpace: embedder.space };

const texts: Record<string, Record<string, string>> = {
  policies: {
    vacation: 'Employees receive 25 days of paid vacation a year.',
    travel: 'Travel is booked through the portal and reimbursed within thirty days.',
    pets: 'Dogs are welcome on Fridays.',
  },
  recipes: { bread: 'Knead the dough and bake the bread for forty minutes.', soup: 'Simmer the vegetables.' },
};

/** What the corpus does for retrieval, in memory. */
async function createShelf() {
  const indexes = new Map<string, SearchIndex>();
  const passages = new Map<string, Passage>();
  for (const [collectionId, chunks] of Object.entries(texts)) {
    const index = createSearchIndex({ dimensions: embedder.space.dimensions });
    indexes.set(collectionId, index);
    for (const [chunkId, text] of Object.entries(chunks)) {
      const [vector] = await embedder.embed([text], signal);
      index.add({ id: chunkId, title: '', body: text, vector });
      passages.set(chunkId, {
        chunkId,
        documentId: `document-of-${chunkId}`,
        collectionId,
        title: chunkId,
        headingPath: [],
        page: undefined,
        text,
        start: 0,
        end: text.length,
      });
    }
  }
  const corpus: RetrievalDependencies['corpus'] = {
    openIndexes: async (_organizationId, { collectionId }) => ({
      position: '7',
      indexes: [...indexes]
        .filter(([id]) => collectionId === undefined || id === collectionId)
        .map(([id, index]) => ({ collectionId: id, index })),
    }),
    readPassages: async (_organizationId, ids) => ids.flatMap((id) => passages.get(id) ?? []).reverse(),
  };
  return { corpus, passages };
}

async function open(overrides: Partial<RetrievalDependencies> = {}) {
  const { corpus, passages } = await createShelf();
  const missing: string[] = [];
  const retrieval = createRetrieval({
    corpus,
    gateway,
    clock: systemClock,
    config: retrievalConfig.parse({ legDeadlineMs: 50 }),
    onMissingLeg: (leg) => missing.push(leg),
    ...overrides,
  });
  const search = (query: string, limit = 8, collectionId?: string) =>
    retrieval.search('organization', { query, limit, collectionId }, signal);
  return { retrieval, search, passages, missing };
}

describe('retrieval', () => {
  it('finds the right passage over all collections, with its text, score and legs', async () => {
    const { search } = await open();
    const { passages, position, missingLegs, confidence, tookMs } = await search('How many vacation days do I get?');
    expect(passages[0]).toMatchObject({
      chunkId: 'vacation',
      collectionId: 'policies',
      text: texts.policies?.vacation,
    });
    expect(passages[0]?.legs.keyword).toMatchObject({ rank: 1 });
    expect(passages[0]?.legs.vector?.score).toBeGreaterThan(0);
    expect(passages.map(({ score }) => score)).toEqual(
      passages
        .map(({ score }) => score)
        .sort()
        .reverse(),
    );
    expect({ position, missingLegs }).toEqual({ position: '7', missingLegs: [] });
    expect(confidence).toBeGreaterThan(0.5);
    expect(tookMs).toBeGreaterThan(0);
  });

  it('gives at most as many passages as asked for, best first', async () => {
    const { search } = await open();
    expect((await search('days vacation travel', 1)).passages.map(({ chunkId }) => chunkId)).toEqual(['vacation']);
  });

  it('stays inside the collection that was named', async () => {
    const { search } = await open();
    const { passages } = await search('vacation', 8, 'recipes');
    expect(new Set(passages.map(({ collectionId }) => collectionId))).toEqual(new Set(['recipes']));
  });

  it('drops a passage whose text has gone and puts the next one in its place', async () => {
    const { search, passages } = await open();
    passages.delete('vacation');
    const found = await search('vacation days', 1);
    expect(found.passages.map(({ chunkId }) => chunkId)).toEqual(['travel']);
  });

  it('is not confident about what no passage speaks of', async () => {
    const { search } = await open();
    const { confidence } = await search('What is the capital of Mongolia?');
    expect(confidence).toBeLessThan(0.2);
  });

  it('finds nothing, without confidence, when there is no collection', async () => {
    const { passages, confidence } = await (await open()).search('vacation', 8, 'elsewhere');
    expect({ passages, confidence }).toEqual({ passages: [], confidence: 0 });
  });

  it('answers by keywords alone, and says so, when the embedder fails', async () => {
    const failing = {
      ...gateway,
      embed: async () => Promise.reject(new AppError('MODEL_UNAVAILABLE', 'unavailable', 'Gone.')),
    };
    const { search, missing } = await open({ gateway: failing });
    const { passages, missingLegs } = await search('vacation days');
    expect(passages[0]?.chunkId).toBe('vacation');
    expect([missingLegs, missing]).toEqual([['vector'], ['vector']]);
  });

  it('answers by keywords alone when the embedder is late', async () => {
    const { search } = await open({ gateway: { ...gateway, embed: () => new Promise<never>(() => undefined) } });
    expect((await search('vacation days')).missingLegs).toEqual(['vector']);
  });

  it('leaves out the vector leg when the index is of another embedding space', async () => {
    const { search } = await open({ gateway: { ...gateway, embed: async () => [new Float32Array([1, 0, 0])] } });
    expect((await search('vacation days')).missingLegs).toEqual(['vector']);
  });

  it('refuses to answer when no leg can', async () => {
    const broken = createSearchIndex({ dimensions: 1 });
    broken.keyword = () => {
      throw new Error('broken');
    };
    const { search } = await open({
      corpus: {
        openIndexes: async () => ({ indexes: [{ collectionId: 'c', index: broken }], position: '1' }),
        readPassages: async () => [],
      },
    });
    await expect(search('vacation')).rejects.toMatchObject({ code: 'SEARCH_UNAVAILABLE', kind: 'unavailable' });
  });

  it('stops when the caller has given up', async () => {
    const { retrieval } = await open();
    const request = { query: 'vacation', limit: 8 };
    await expect(retrieval.search('organization', request, AbortSignal.abort())).rejects.toThrow('aborted');
  });

  it('ranks one index the way a search does', async () => {
    const { retrieval, search } = await open();
    const index = createSearchIndex({ dimensions: embedder.space.dimensions });
    for (const [id, text] of Object.entries(texts.policies ?? {})) {
      const [vector] = await embedder.embed([text], signal);
      index.add({ id, title: '', body: text, vector });
    }
    const query = 'vacation and travel days';
    const { keyword, vector, fused } = await retrieval.rank(index, query, 200, signal);
    const { passages } = await search(query, 8, 'policies');
    expect(fused).toEqual(passages.map(({ chunkId, score }) => ({ id: chunkId, score })));
    expect(keyword).toHaveLength(2);
    expect(vector).toHaveLength(3);
  });
});

describe('GET /api/v1/search', () => {
  it('answers in the words of the contract', async () => {
    const { retrieval } = await open();
    const [route] = retrievalRoutes(retrieval);
    const call = {
      caller: { organizationId: 'organization', subjectId: 's', permissions: new Set() },
      query: { query: 'vacation days', limit: 1 },
      signal,
    };
    const reply = await route!.handle(call as never);
    expect(route).toMatchObject({ method: 'GET', path: '/api/v1/search', permission: 'search:read' });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        query: 'vacation days',
        passages: [{ chunk_id: 'vacation', collection_id: 'policies', page: null, heading_path: [] }],
        missing_legs: [],
      },
    });
  });
});
