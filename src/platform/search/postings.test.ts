import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPostings, frequencyOf, maxFrequency, maxSlots, slotOf } from './postings.ts';

const term = fc.integer({ min: 0, max: 5 });
const slot = fc.integer({ min: 0, max: 40 });
const steps = fc.array(fc.tuple(term, slot, fc.integer({ min: 1, max: 400 })), { maxLength: 300 });

it('holds what a map of maps would hold, in the order of slots', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const postings = createPostings();
      const expected = new Map<number, Map<number, number>>();
      for (const [number, place, frequency] of taken) {
        const list = expected.get(number) ?? new Map<number, number>();
        expected.set(number, list);
        if (list.delete(place)) {
          postings.remove(number, place);
        } else {
          list.set(place, Math.min(frequency, maxFrequency));
          postings.insert(number, place, frequency);
        }
      }
      for (const [number, list] of expected) {
        const start = postings.start(number);
        const packed = [...postings.packed.subarray(start, start + postings.count(number))];
        const held = packed.map((posting): [number, number] => [slotOf(posting), frequencyOf(posting)]);
        expect(held).toEqual([...list].sort(([place], [other]) => place - other));
      }
    }),
  );
});

it('keeps the largest slot apart from its frequency', () => {
  const postings = createPostings();
  postings.insert(0, maxSlots - 1, maxFrequency);
  const posting = postings.packed[postings.start(0)]!;
  expect([slotOf(posting), frequencyOf(posting)]).toEqual([maxSlots - 1, maxFrequency]);
});

it('uses freed blocks again instead of growing for ever', () => {
  const postings = createPostings();
  for (let round = 0; round < 200; round += 1) {
    for (let place = 0; place < 100; place += 1) postings.insert(round % 3, place, 1);
    for (let place = 0; place < 100; place += 1) postings.remove(round % 3, place);
  }
  expect(postings.packed.length).toBeLessThan(10_000);
});
