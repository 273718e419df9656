import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromVectorBytes, toVectorBytes } from './vector-bytes.ts';

test('a vector survives its stored form bit for bit', () => {
  fc.assert(
    fc.property(fc.float32Array(), (vector) => {
      expect(fromVectorBytes(Buffer.from(toVectorBytes(vector)))).toEqual(vector);
    }),
  );
});

test('the stored form is little-endian float32', () => {
  expect(toVectorBytes(new Float32Array([1])).toString('hex')).toBe('0000803f');
});
