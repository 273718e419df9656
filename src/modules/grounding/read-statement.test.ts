import { describe, expect, it } from 'vitest';
import { numbersIn, readStatement } from './read-statement.ts';

describe('readStatement', () => {
  it.each([
    ['It grew by 1,250.50 dollars.', ['1250.5']],
    ['In 2023 it was 007 or 3.', ['2023', '7', '3']],
    ['1. A step with [2] a mark.', []],
    ['GPT4 and covid-19', ['19']],
    ['nothing', []],
  ])('finds the numbers of “%s”', (text, numbers) => {
    expect([...readStatement(text).numbers]).toEqual(numbers);
  });

  it('reads small numbers written as words in passages', () => {
    expect([...numbersIn('Two of 12 apostles')]).toEqual(expect.arrayContaining(['2', '12']));
  });

  it.each(['It does not work.', 'It doesn’t work.', 'Never do it.', 'It cannot be.', 'Without water.'])(
    'sees that “%s” denies',
    (text) => {
      expect(readStatement(text).negated).toBe(true);
    },
  );

  it('takes words with a capital inside a sentence for names, and nothing else', () => {
    expect([...readStatement('What did Intel report in Q1 of its 10-Q? Was Apple asked?').names]).toEqual([
      'intel',
      'appl',
    ]);
  });
});
