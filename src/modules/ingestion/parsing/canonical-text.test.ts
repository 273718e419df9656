import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCanonicalText } from './canonical-text.ts';

test('is NFC with LF line ends, without NUL, mark or lone surrogate, and stays as it is when asked again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (source) => {
      const text = toCanonicalText(source);
      expect(text).toBe(text.normalize('NFC'));
      expect(text.isWellFormed()).toBe(true);
      expect(text).not.toMatch(/[\0\r]|^\uFEFF/);
      expect(toCanonicalText(text)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test('a long text becomes the same in parts as in one piece', () => {
  const line = 'e\u0301 \u1100\u1161\u11A8 größer\n\u0301a\u0323\u0307';
  const source = line.repeat(150_000);
  expect(toCanonicalText(source) === source.normalize('NFC')).toBe(true);
});
