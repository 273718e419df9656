import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatSeconds, formatWhen } from './format.ts';

it('writes sizes, counts and durations as people read them', () => {
  expect([0, 999, 1000, 1_440_000, 25_000_000_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 KB',
    '1.4 MB',
    '25000 GB',
  ]);
  expect([formatCount(1, 'file'), formatCount(1200, 'file')]).toEqual(['1 file', '1,200 files']);
  expect([12, 2140, 61_000].map(formatSeconds)).toEqual(['0.1 s', '2.1 s', '61 s']);
});

it('says how long ago something was, also when the clocks differ', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const when = (iso: string) => formatWhen(iso, now);
  expect(when('2026-11-21T12:00:30Z')).toBe('just now');
  expect(when('2026-11-21T11:55:00Z')).toBe('5 min ago');
  expect(when('2026-11-21T09:00:00Z')).toBe('3 h ago');
  expect(when('2026-11-20T11:00:00Z')).toBe('yesterday');
  expect(when('2026-10-22T12:00:00Z')).toBe('Oct 22, 2026');
});
