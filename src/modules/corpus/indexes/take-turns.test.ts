import { expect, test } from 'vitest';
import { createTurns } from './take-turns.ts';

test('at most so many run at once, the others in their order, and a failure gives its turn on', async () => {
  const takeTurn = createTurns(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = (number: number) => async () => {
    begun.push(number);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (number % 3 === 0) throw new Error(`${number}`);
    return number;
  };
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, number) => takeTurn(work(number))));
  expect(most).toBe(2);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, number) => number));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(7);
  expect(running).toBe(0);
});
