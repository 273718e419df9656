import { expect, it } from 'vitest';
import { detached, rememberWords } from './remember-words.ts';

it('computes a word once while it is among the last seen, and forgets old ones', () => {
  const computed: string[] = [];
  const remember = rememberWords(2, (word) => {
    computed.push(word);
    return word.length;
  });
  expect(['a', 'b', 'a', 'ccc', 'a'].map(remember)).toEqual([1, 1, 1, 3, 1]);
  expect(computed).toEqual(['a', 'b', 'ccc']);
  for (const word of ['d', 'e', 'f', 'g', 'b']) remember(word);
  expect(computed.filter((word) => word === 'b')).toHaveLength(2);
});

it('copies every string unchanged, broken ones too', () => {
  for (const text of ['', 'plain', '字', '\ud800', 'a\u0000b']) expect(detached(text)).toBe(text);
});
