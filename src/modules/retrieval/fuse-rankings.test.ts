import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuseRankings } from './fuse-rankings.ts';

const options = { depth: 3, vectorWeight: 0.2, coverage: 1 };
const hits = (...scores: [string, number][]) => scores.map(([id, score]) => ({ id, score }));

describe('fuseRankings', () => {
  it('adds the normalised keyword score and the cosine by their weights', () => {
    const keyword = hits(['a', 8], ['b', 4]);
    const vector = hits(['b', 0.5], ['c', 0.25]);
    expect(fuseRankings({ keyword, vector }, options)).toEqual([
      { id: 'a', score: 0.8 },
      { id: 'b', score: 0.8 * 0.5 + 0.2 * 0.5 },
      { id: 'c', score: 0.2 * 0.25 },
    ]);
  });

  it('counts from the last hit of a full list, not of a short one', () => {
    const full = fuseRankings({ keyword: hits(['a', 8], ['b', 6], ['c', 4]), vector: [] }, options);
    expect(full.map(({ score }) => score)).toEqual([0.8, 0.4, 0]);
  });

  it('takes an entry beyond the end of a full vector list to be as similar as its last', () => {
    const vector = hits(['x', 0.9], ['y', 0.8], ['z', 0.5]);
    const [best] = fuseRankings({ keyword: hits(['a', 8]), vector }, options);
    expect(best).toEqual({ id: 'a', score: 0.8 + 0.2 * 0.5 });
  });

  it('lets the cosine decide where the keyword hits hold little of the query', () => {
    const legs = { keyword: hits(['a', 8]), vector: hits(['b', 0.9]) };
    expect(fuseRankings(legs, { ...options, coverage: 0.9 })[0]?.id).toBe('a');
    expect(fuseRankings(legs, { ...options, coverage: 0.1 })[0]?.id).toBe('b');
  });

  it('gives the whole score to one leg when the other is missing', () => {
    expect(fuseRankings({ keyword: hits(['a', 8]), vector: undefined }, options)).toEqual([{ id: 'a', score: 1 }]);
    expect(fuseRankings({ keyword: undefined, vector: hits(['a', 0.4]) }, options)).toEqual([{ id: 'a', score: 0.4 }]);
    expect(fuseRankings({ keyword: undefined, vector: undefined }, options)).toEqual([]);
  });

  it('survives a full list of equal scores and negative cosines', () => {
    const keyword = hits(['a', 2], ['b', 2], ['c', 2]);
    const fused = fuseRankings({ keyword, vector: hits(['c', 0.5], ['b', -1], ['a', -1]) }, options);
    expect(fused.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  });

  const ranking = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }).map(String), fc.double({ min: -1, max: 30, noNaN: true })), {
      selector: ([id]) => id,
      maxLength: 20,
    })
    .map((scored) => hits(...scored).sort((hit, other) => other.score - hit.score));
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('holds each entry of both legs once, in order, with scores in [0, 1]', () => {
    fc.assert(
      fc.property(ranking, ranking, share, share, (one, vector, vectorWeight, coverage) => {
        const keyword = one.filter(({ score }) => score > 0);
        const fused = fuseRankings({ keyword, vector }, { depth: 20, vectorWeight, coverage });
        expect(new Set(fused.map(({ id }) => id))).toEqual(new Set([...keyword, ...vector].map(({ id }) => id)));
        for (const [at, { score }] of fused.entries()) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(fused[at - 1]?.score ?? 1);
        }
      }),
    );
  });

  it('never puts an entry behind one that both legs put behind it', () => {
    fc.assert(
      fc.property(ranking, share, (scored, coverage) => {
        const keyword = scored.filter(({ score }) => score > 0);
        const vector = keyword.map(({ id, score }) => ({ id, score: score / 30 }));
        const fused = fuseRankings({ keyword, vector }, { depth: 30, vectorWeight: 0.2, coverage });
        const scoreOf = new Map(fused.map(({ id, score }) => [id, score]));
        for (const [at, { id }] of keyword.entries()) {
          const before = keyword[at - 1];
          if (before) expect(scoreOf.get(before.id)!).toBeGreaterThanOrEqual(scoreOf.get(id)! - 1e-12);
        }
      }),
    );
  });
});
