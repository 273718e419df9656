import { expect, test } from 'vitest';
import { theilSenSlope } from './theil-sen.ts';

test('finds the slope of a line', () => {
  const points = [0, 1, 2, 3, 4].map((x) => ({ x, y: 3 * x + 7 }));
  expect(theilSenSlope(points)).toBe(3);
});

test('is not moved by an outlier', () => {
  const points = Array.from({ length: 11 }, (_, x) => ({ x, y: x === 5 ? 1000 : 2 * x }));
  expect(theilSenSlope(points)).toBe(2);
});

test('tells nothing about a single place', () => {
  expect(theilSenSlope([])).toBeNaN();
  expect(
    theilSenSlope([
      { x: 1, y: 1 },
      { x: 1, y: 5 },
    ]),
  ).toBeNaN();
});
