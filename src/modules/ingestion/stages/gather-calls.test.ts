import { expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import { gatherCalls } from './gather-calls.ts';

const organizationId = 'acme';

function createSetup({
  fails = () => false,
  error = (values) => new Error(`not ${values.join()}`),
  most = 3,
}: {
  fails?: (values: readonly string[]) => boolean;
  error?: (values: readonly string[]) => Error;
  most?: number;
} = {}) {
  const written: string[][] = [];
  const gates: (() => void)[] = [];
  const put = gatherCalls<string, string>(
    async (_organization, values) => {
      written.push([...values]);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (fails(values)) throw error(values);
      return values.map((value) => `${value}!`);
    },
    { most },
  );
  const open = async () => {
    await expect.poll(() => gates.length).toBeGreaterThan(0);
    gates.shift()?.();
  };
  return { written, open, put: (value: string, key = value) => put({ organizationId, key, value }) };
}

test('writes at once what comes alone, and together what came in the meantime', async () => {
  const { put, open, written } = createSetup();
  const all = ['a', 'b', 'c', 'd', 'e'].map((value) => put(value));
  for (let turn = 0; turn < 3; turn += 1) await open();
  expect(await Promise.all(all)).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
  expect(written).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  const later = put('f');
  await open();
  expect(await later).toBe('f!');
});

test('never writes one key twice at once', async () => {
  const { put, open, written } = createSetup();
  const all = [put('a'), put('b', 'same'), put('c', 'same')];
  for (let turn = 0; turn < 3; turn += 1) await open();
  await Promise.all(all);
  expect(written).toEqual([['a'], ['b'], ['c']]);
});

test('tells a failure to the one whose it is', async () => {
  const { put, open } = createSetup({ fails: (values) => values.includes('bad') });
  const all = Promise.allSettled([put('a'), put('b'), put('bad'), put('c')]);
  for (let turn = 0; turn < 5; turn += 1) await open();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
});

test('tries an outage once for all that it meets', async () => {
  const { put, open, written } = createSetup({
    fails: (values) => values.length > 1,
    error: () => new AppError('DATABASE_UNAVAILABLE', 'unavailable', 'The database is away.'),
  });
  const all = Promise.allSettled([put('a'), put('b'), put('c')]);
  for (let turn = 0; turn < 2; turn += 1) await open();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(written).toEqual([['a'], ['b', 'c']]);
});
