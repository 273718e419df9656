import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDiskGuard } from './disk-guard.ts';

const largestReserve = 1_000_000;

test('refuses while less than the reserve is free, with both figures in the message', async () => {
  const guard = await openDiskGuard(os.tmpdir(), { reserveMegabytes: largestReserve });
  try {
    expect(guard.freeBytes()).toBeGreaterThan(0);
    expect(guard.freeBytes()).toBeLessThan(largestReserve * 1024 ** 2);
    expect(() => guard.requireSpace()).toThrow(/\d+ MiB are free, and 1000000 are kept for the database/);
  } finally {
    guard.close();
  }
});

test('a reserve of 0 refuses nothing, and neither does a disk that cannot be asked', async () => {
  const folders = [os.tmpdir(), path.join(os.tmpdir(), 'is-not-there')];
  for (const [index, reserveMegabytes] of [0, largestReserve].entries()) {
    const guard = await openDiskGuard(folders[index] ?? '', { reserveMegabytes });
    guard.requireSpace();
    guard.close();
  }
});
