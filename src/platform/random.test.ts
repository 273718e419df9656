import { expect, test } from 'vitest';
import { systemRandom } from './random.ts';

test('no byte of the pool is given out twice, and what was given does not change', () => {
  const given = Array.from({ length: 2000 }, () => systemRandom.bytes(16));
  const before = given.map((bytes) => Buffer.from(bytes).toString('hex'));
  for (let more = 0; more < 1000; more += 1) systemRandom.bytes(16);
  expect(given.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(before);
  expect(new Set(before).size).toBe(2000);
});

test('any length comes, small and large', () => {
  for (const length of [0, 1, 511, 512, 513, 4096, 10_000]) expect(systemRandom.bytes(length)).toHaveLength(length);
});
