import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPassages } from './pack-passages.ts';

const words = (text: string) => text.match(/\S+/g)?.length ?? 0;
const passage = (documentId: string, start: number, text: string) => ({
  documentId,
  start,
  end: start + text.length,
  text,
});

describe('packPassages', () => {
  it('keeps within the budget, in order, and cuts at a sentence only', () => {
    const sentence = fc.nat(200).map((count) => `${'w '.repeat(count)}end.`);
    const text = fc.array(sentence, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.nat(1_000), (texts, budget) => {
        const all = texts.map((body, index) => passage(`d${index}`, 7, body));
        const packed = packPassages(all, budget, words);
        expect(packed.reduce((sum, { text: body }) => sum + words(body), 0)).toBeLessThanOrEqual(budget);
        for (const one of packed) {
          const original = all.find(({ documentId }) => documentId === one.documentId);
          expect(original?.text.startsWith(one.text)).toBe(true);
          expect(one.end - one.start).toBe(one.text.length);
          expect(one.text.endsWith('end.')).toBe(true);
        }
      }),
    );
  });

  it('drops what an earlier passage already holds', () => {
    const whole = passage('d', 0, 'One two. Three four.');
    expect(packPassages([whole, passage('d', 9, 'Three four.'), passage('e', 0, whole.text)], 100, words)).toEqual([
      whole,
    ]);
  });
});
