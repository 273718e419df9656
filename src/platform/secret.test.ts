import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret is shown by no common way of printing', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ secret }, { depth: 9 }),
  ];
  expect(shown.filter((text) => text.includes('hunter2'))).toEqual([]);
  expect(secret.reveal()).toBe('hunter2');
});
