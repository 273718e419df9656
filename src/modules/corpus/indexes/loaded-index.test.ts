import { expect, test } from 'vitest';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { IndexedChunk } from '../indexed-chunks/store.ts';
import { createLoadedIndex } from './loaded-index.ts';

const chunk = (chunkId: string): IndexedChunk => ({
  chunkId,
  documentId: 'document',
  title: 'pump',
  headingPath: [],
  text: 'warranty',
  vector: null,
});

test('a document is seen in its old version until the new one is whole, at every step', async () => {
  const loaded = createLoadedIndex(createSearchIndex({ dimensions: 2 }));
  const seen = () =>
    loaded.index
      .keyword('warranty', 10)
      .map(({ id }) => id)
      .sort();
  for (const id of ['old-1', 'old-2', 'kept']) loaded.addChunk(chunk(id));
  const before = seen();
  const replacement = loaded.replace('document');
  for (const id of ['new-1', 'kept', 'new-2']) {
    replacement.addChunk(chunk(id));
    expect(seen()).toEqual(before);
    expect(loaded.index.size).toBe(3);
  }
  const states: string[][] = [];
  await replacement.commit({ breathe: async () => void states.push(seen()) });
  for (const state of [...states, seen()]) expect(state).toEqual(['kept', 'new-1', 'new-2']);
  expect(loaded.index.keyword('warranty', 1)).toHaveLength(1);
});

test('a replacement that is given up leaves what was there', () => {
  const loaded = createLoadedIndex(createSearchIndex({ dimensions: 2 }));
  loaded.addChunk(chunk('old'));
  const replacement = loaded.replace('document');
  replacement.addChunk(chunk('new'));
  replacement.abort();
  expect(loaded.index.size).toBe(1);
  expect(loaded.index.has('new')).toBe(false);
  expect(loaded.index.has('old')).toBe(true);
});
