import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHashingEmbedder } from './hashing-embedder.ts';

const embedder = createHashingEmbedder();
const { signal } = new AbortController();
const cosine = (one: Float32Array, other: Float32Array): number =>
  one.reduce((sum, value, at) => sum + value * other[at]!, 0);

describe('createHashingEmbedder', () => {
  it('gives one vector of length 1 a text, zero for a text without words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), async (texts) => {
        const vectors = await embedder.embed(texts, signal);
        expect(vectors).toHaveLength(texts.length);
        for (const vector of vectors) {
          expect(vector).toHaveLength(embedder.space.dimensions);
          const length = Math.sqrt(cosine(vector, vector));
          expect(Math.min(Math.abs(length), Math.abs(length - 1))).toBeLessThan(1e-5);
        }
      }),
    );
    expect(await embedder.embed(['  … !'], signal)).toEqual([new Float32Array(256)]);
  });

  it('gives the same numbers on every machine', async () => {
    const [vector] = await embedder.embed(['The quick brown fox'], signal);
    const places = [...vector!].flatMap((value, at) => (Math.abs(value) > 0.3 ? [[at, Math.sign(value)]] : []));
    expect(places).toMatchInlineSnapshot(`
      [
        [
          10,
          1,
        ],
        [
          67,
          1,
        ],
        [
          127,
          -1,
        ],
        [
          136,
          1,
        ],
      ]
    `);
  });

  it('finds inflected forms nearer than other words, and does not mind case', async () => {
    const [one, same, inflected, other] = await embedder.embed(
      ['payment terms', 'Payment TERMS', 'terms of payments', 'purple elephants'],
      signal,
    );
    expect(cosine(one!, same!)).toBeCloseTo(1, 5);
    expect(cosine(one!, inflected!)).toBeGreaterThan(cosine(one!, other!) + 0.3);
  });

  it('counts words and signs', () => {
    expect(embedder.countTokens('Hello, world! 3.5 字')).toBe(8);
    expect(embedder.countTokens('  ')).toBe(0);
  });

  it('stops when the caller has given up', async () => {
    await expect(embedder.embed(['a'], AbortSignal.abort())).rejects.toMatchObject({ code: 'MODEL_CALL_ABORTED' });
  });
});
