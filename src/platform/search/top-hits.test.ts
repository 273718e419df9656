import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTopHits } from './top-hits.ts';

it('keeps what sorting everything would put first, ties by order', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 60 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 20 }), (values, limit) => {
      const top = createTopHits(limit, (slot, other) => slot < other);
      for (const [slot, score] of values.entries()) top.offer(slot, score);
      const sorted = values
        .map((score, slot) => ({ slot, score }))
        .sort((hit, other) => other.score - hit.score || hit.slot - other.slot);
      expect(top.take()).toEqual(sorted.slice(0, limit));
      expect(top.take()).toEqual([]);
    }),
  );
});
