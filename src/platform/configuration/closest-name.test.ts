import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closestName, editDistance } from './closest-name.ts';

test('finds what was probably meant, and nothing where nothing is near', () => {
  const names = ['http.port', 'http.host', 'gateway.mode'];
  expect(closestName('http.prot', names)).toBe('http.port');
  expect(closestName('HTTP.HOST', names)).toBe('http.host');
  expect(closestName('telemetry', names)).toBeUndefined();
  expect(closestName('x', ['y'])).toBeUndefined();
});

test('measures symmetrically, and zero only between equals', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (left, right) => {
      expect(editDistance(left, right)).toBe(editDistance(right, left));
      expect(editDistance(left, right) === 0).toBe(left === right);
    }),
  );
});
