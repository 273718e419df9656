import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextAnalyzer } from './analyze-text.ts';
import { createSearchIndex } from './create-search-index.ts';
import type { SearchEntry, SearchHit, SearchIndex } from './ports.ts';

const dimensions = 5;
const analyze = createTextAnalyzer();

/** BM25 and cosine as the books write them, over a plain list. */
function searchNaively(entries: ReadonlyMap<string, SearchEntry>, limit: number) {
  const documents = [...entries.values()].map((entry) => ({
    ...entry,
    terms: analyze(`${entry.title} ${entry.body}`),
  }));
  const meanLength = documents.reduce((sum, { terms }) => sum + terms.length, 0) / documents.length;
  const idf = (term: string): number => {
    const holders = Math.max(1, documents.filter(({ terms }) => terms.includes(term)).length);
    return Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5));
  };
  const best = (hits: SearchHit[]): SearchHit[] =>
    hits.sort((hit, other) => other.score - hit.score || (hit.id < other.id ? -1 : 1)).slice(0, limit);
  return {
    keyword: (query: string): SearchHit[] => {
      const scored = documents.map(({ id, terms }) => {
        let score = 0;
        for (const term of analyze(query)) {
          const frequency = terms.filter((other) => other === term).length;
          score += (idf(term) * frequency) / (frequency + 0.9 * (1 - 0.4 + (0.4 * terms.length) / meanLength));
        }
        return { id, score };
      });
      return best(scored.filter(({ score }) => score > 0));
    },
    vector: (query: Float32Array): SearchHit[] => {
      const norm = (vector: Float32Array): number => Math.hypot(...vector);
      if (norm(query) === 0) return [];
      const hits: SearchHit[] = [];
      for (const { id, vector } of documents) {
        if (vector === undefined || norm(vector) === 0) continue;
        const dot = vector.reduce((sum, value, at) => sum + value * query[at]!, 0);
        hits.push({ id, score: dot / norm(vector) / norm(query) });
      }
      return best(hits);
    },
    coverage: (query: string, ids: readonly string[]): number => {
      const terms = [...new Set(analyze(query))];
      const held = new Set(documents.filter(({ id }) => ids.includes(id)).flatMap((document) => document.terms));
      const sum = (some: string[]): number => some.reduce((total, term) => total + idf(term), 0);
      return terms.length === 0 ? 0 : sum(terms.filter((term) => held.has(term))) / sum(terms);
    },
  };
}

const words = ['red', 'green', 'blue', 'running', 'runs', 'the', '北京', '京都', 'ten', 'x', 'long-word', 'canción'];
const text = fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join(' '));
const vector = fc
  .array(fc.integer({ min: -3, max: 3 }), { minLength: dimensions, maxLength: dimensions })
  .map((values) => Float32Array.from(values));
const id = fc.integer({ min: 0, max: 15 }).map((number) => `entry-${number}`);
const entry = fc.record({ id, title: text, body: text, vector: fc.option(vector, { nil: undefined }) });
const step = fc.oneof(
  { weight: 3, arbitrary: entry.map((added) => ({ kind: 'add' as const, entry: added })) },
  { weight: 1, arbitrary: id.map((removed) => ({ kind: 'remove' as const, id: removed })) },
);
const history = fc.record({ steps: fc.array(step, { maxLength: 60 }), query: text, queryVector: vector });

/** Adds and removes at random, then asks; throws where the index and the naive search differ. */
function compareWithNaive(create: () => SearchIndex): void {
  fc.assert(
    fc.property(history, ({ steps, query, queryVector }) => {
      const index = create();
      const entries = new Map<string, SearchEntry>();
      for (const taken of steps) {
        if (taken.kind === 'add') {
          index.add(taken.entry);
          entries.set(taken.entry.id, taken.entry);
        } else {
          expect(index.remove(taken.id)).toBe(entries.delete(taken.id));
        }
      }
      expect(index.size).toBe(entries.size);
      const naive = searchNaively(entries, 5);
      expectSame(index.keyword(query, 5), naive.keyword(query));
      expectSame(index.vector(queryVector, 5), naive.vector(queryVector));
      const some = [...entries.keys()].slice(0, 2);
      expect(index.coverage(query, some)).toBeCloseTo(naive.coverage(query, some), 9);
    }),
    { numRuns: 500, seed: 7 },
  );
}

/** Scores are compared with tolerance, ids where scores are far enough apart to order them. */
function expectSame(found: SearchHit[], expected: SearchHit[]): void {
  expect(found.length).toBe(expected.length);
  for (const [at, hit] of found.entries()) expect(hit.score).toBeCloseTo(expected[at]!.score, 5);
  const last = expected.at(-1)?.score ?? 0;
  const clear = (hits: SearchHit[]) => new Set(hits.filter(({ score }) => score > last + 1e-5).map((hit) => hit.id));
  expect(clear(found)).toEqual(clear(expected));
}

describe('createSearchIndex', () => {
  it('finds what a naive search finds, after any additions, replacements and removals', () => {
    compareWithNaive(() => createSearchIndex({ dimensions }));
  });

  it.each([
    ['forgets a removal', { remove: () => true }],
    ['keeps the old text of a replaced entry', { keepsOld: true }],
    ['counts a removed vector', { keepsVector: true }],
  ])('would be caught by that comparison if it %s', (_name, fault) => {
    const createFaulty = (): SearchIndex => {
      const index = createSearchIndex({ dimensions });
      const faulty: SearchIndex = Object.create(index);
      if ('remove' in fault) faulty.remove = (removed) => index.has(removed) && fault.remove();
      if ('keepsOld' in fault) faulty.add = (added) => !index.has(added.id) && index.add(added);
      if ('keepsVector' in fault) {
        faulty.add = (added) => index.add({ ...added, vector: added.vector ?? new Float32Array([1, 0, 0, 0, 0]) });
      }
      return faulty;
    };
    expect(() => compareWithNaive(createFaulty)).toThrow();
  });

  const plain = (ids: string[], body: string): SearchIndex => {
    const index = createSearchIndex({ dimensions: 2 });
    for (const added of ids) index.add({ id: added, title: '', body, vector: new Float32Array([1, 0]) });
    return index;
  };

  it('orders equal scores by id in both legs', () => {
    const index = plain(['b', 'c', 'a'], 'word');
    expect(index.keyword('word', 2).map((hit) => hit.id)).toEqual(['a', 'b']);
    expect(index.vector(new Float32Array([2, 0]), 2).map((hit) => hit.id)).toEqual(['a', 'b']);
  });

  it('searches the title with the body', () => {
    const index = createSearchIndex({ dimensions: 2 });
    index.add({ id: 'a', title: 'Payment terms', body: 'thirty days', vector: undefined });
    expect(index.keyword('payments', 5).map((hit) => hit.id)).toEqual(['a']);
  });

  it('leaves an entry without a vector to the keyword leg', () => {
    const index = createSearchIndex({ dimensions: 2 });
    index.add({ id: 'a', title: '', body: 'word', vector: undefined });
    index.add({ id: 'b', title: '', body: 'word', vector: new Float32Array(2) });
    expect(index.vector(new Float32Array([1, 0]), 5)).toEqual([]);
    expect(index.keyword('word', 5)).toHaveLength(2);
  });

  it('finds nothing for a query without terms, a zero vector, or in an empty index', () => {
    const index = plain(['a'], 'word');
    expect(index.keyword('the of !?', 5)).toEqual([]);
    expect(index.keyword('', 5)).toEqual([]);
    expect(index.vector(new Float32Array(2), 5)).toEqual([]);
    expect(createSearchIndex({ dimensions: 2 }).keyword('word', 5)).toEqual([]);
    expect(index.coverage('the', ['a'])).toBe(0);
  });

  it('counts a term that no entry holds as a rare one that is not covered', () => {
    const index = plain(['a'], 'word');
    expect(index.coverage('word', ['a'])).toBe(1);
    expect(index.coverage('word unheard', ['a'])).toBe(0.5);
    expect(index.coverage('word', ['gone'])).toBe(0);
  });

  it('refuses a vector of another space', () => {
    const index = plain(['a'], 'word');
    expect(() => index.add({ id: 'b', title: '', body: '', vector: new Float32Array(3) })).toThrow('length');
    expect(() => index.vector(new Float32Array(3), 5)).toThrow('length');
    expect(index.has('b')).toBe(false);
  });

  it('survives words that are names of object properties', () => {
    const index = plain(['__proto__', 'constructor'], '__proto__ constructor toString');
    expect(index.keyword('constructor', 5)).toHaveLength(2);
    expect(index.remove('__proto__')).toBe(true);
    expect(index.keyword('proto', 5).map((hit) => hit.id)).toEqual(['constructor']);
  });
});
