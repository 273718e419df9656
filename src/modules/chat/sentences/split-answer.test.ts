import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitAnswer } from './split-answer.ts';

describe('splitAnswer', () => {
  it.each([
    [
      'marks before the stop',
      'One thing [1]. Another [2][1].',
      [
        ['One thing.', [1]],
        ['Another.', [2, 1]],
      ],
    ],
    [
      'marks behind the stop',
      'One thing. [1] Another. [2]',
      [
        ['One thing.', [1]],
        ['Another.', [2]],
      ],
    ],
    ['lists of marks', 'Both hold [1, 2].', [['Both hold.', [1, 2]]]],
    ['marks of nothing', 'Made up [9].', [['Made up.', []]]],
    ['no marks', 'Just this.', [['Just this.', []]]],
  ])('reads %s', (_name, answer, expected) => {
    expect(splitAnswer(answer, 2).map(({ claim, marks }) => [claim, marks])).toEqual(expected);
  });

  it('gives sentences that stand in the answer where they say', () => {
    const pieces = fc.constantFrom('Word', ' word', '.', ' ', '[1]', ' [2]', '! ', '\n', '- ', 'It is so', '[1, 2]');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const answer = parts.join('');
        let last = 0;
        for (const { start, end, text } of splitAnswer(answer, 2)) {
          expect(answer.slice(start, end)).toBe(text);
          expect(start).toBeGreaterThanOrEqual(last);
          last = end;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
