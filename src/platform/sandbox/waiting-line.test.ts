import { expect, test } from 'vitest';
import { createWaitingLine } from './waiting-line.ts';

const never = new AbortController().signal;

test('quick ones go first, and pass nobody more than eight times', async () => {
  const line = createWaitingLine<number>(() => true);
  void line.join(false, never);
  for (let index = 0; index < 12; index += 1) void line.join(true, never);
  const order = Array.from({ length: 13 }, () => line.next()?.isQuick);
  expect(order.indexOf(false)).toBe(8);
  expect(line.next()).toBeUndefined();
});

test('whoever leaves is not served', async () => {
  const line = createWaitingLine<number>(() => true);
  const leaver = new AbortController();
  const left = line.join(true, leaver.signal);
  leaver.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  expect([line.length, line.next()]).toEqual([0, undefined]);
});

test('nobody is taken out whom there is no room for', () => {
  const line = createWaitingLine<number>((isQuick) => isQuick);
  void line.join(false, never);
  expect(line.next()).toBeUndefined();
  expect(line.length).toBe(1);
});
