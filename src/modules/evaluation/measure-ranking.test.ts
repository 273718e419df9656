import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureNames, measures } from './measure-ranking.ts';

const grades = new Map([
  ['a', 2],
  ['b', 1],
  ['c', 0],
]);

describe('measures', () => {
  it('computes nDCG@10 with linear gains', () => {
    expect(measures['nDCG@10'](['a', 'b'], grades)).toBe(1);
    const ideal = 2 + 1 / Math.log2(3);
    expect(measures['nDCG@10'](['x', 'b', 'a'], grades)).toBeCloseTo((1 / Math.log2(3) + 2 / 2) / ideal, 10);
  });

  it('looks at the first ten only, recall at the first hundred', () => {
    const late = [...Array.from({ length: 10 }, (_, at) => `x${at}`), 'a'];
    expect(measures['nDCG@10'](late, grades)).toBe(0);
    expect(measures['MRR@10'](late, grades)).toBe(0);
    expect(measures['recall@100'](late, grades)).toBe(0.5);
    const later = [...Array.from({ length: 100 }, (_, at) => `x${at}`), 'a'];
    expect(measures['recall@100'](later, grades)).toBe(0);
  });

  it('takes a grade of 0 or less for not relevant', () => {
    const judged = new Map([
      ['a', 0],
      ['b', -1],
      ['c', 1],
    ]);
    expect(measures['MRR@10'](['a', 'b', 'c'], judged)).toBeCloseTo(1 / 3, 10);
    expect(measures['recall@100'](['a', 'b'], judged)).toBe(0);
    expect(measures['nDCG@10'](['b', 'c'], judged)).toBeCloseTo(1 / Math.log2(3), 10);
  });

  it('stays in [0, 1] and is 1 for the ideal order', () => {
    const judged = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 20 }).map(String), fc.integer({ min: -1, max: 3 })),
      {
        selector: ([id]) => id,
        maxLength: 10,
      },
    );
    const ranking = fc.uniqueArray(fc.integer({ min: 0, max: 20 }).map(String));
    fc.assert(
      fc.property(judged, ranking, (pairs, ids) => {
        const graded = new Map(pairs);
        const ideal = [...pairs].sort(([, grade], [, other]) => other - grade).map(([id]) => id);
        const isMeasurable = pairs.some(([, grade]) => grade > 0);
        for (const name of measureNames) {
          expect(measures[name](ids, graded)).toBeGreaterThanOrEqual(0);
          expect(measures[name](ids, graded)).toBeLessThanOrEqual(1 + 1e-12);
          expect(measures[name](ideal, graded)).toBeCloseTo(isMeasurable ? 1 : 0, 10);
        }
      }),
    );
  });
});
