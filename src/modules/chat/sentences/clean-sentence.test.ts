import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifySentence, fencedStretches } from './classify-sentence.ts';
import { cleanSentence } from './clean-sentence.ts';

describe('cleanSentence', () => {
  it.each([
    ['Use **bold** and *italic* and `code`.', 'Use bold and italic and code.'],
    ['See [the docs](https://example.com/a "Title") and ![logo](a.png).', 'See the docs and logo.'],
    ['- a list item', 'a list item'],
    ['12. a step', 'a step'],
    ['## Heading { #heading }', 'Heading'],
    ['> quoted\n> text', 'quoted text'],
    ['A <span class="x">word</span><br/> here', 'A word here'],
    ['snake_case_names and 2 * 3 * 4 stay', 'snake_case_names and 2 * 3 * 4 stay'],
    ['HTML forms (`<form></form>`) send it', 'HTML forms (<form></form>) send it'],
    ['a CDN <abbr title="A network.', 'a CDN'],
    ['wrapped\n  over lines', 'wrapped over lines'],
    ['List[int] and f(x) stay', 'List[int] and f(x) stay'],
    ['a &amp; b', 'a & b'],
  ])('shows %j as %j', (text, expected) => {
    expect(cleanSentence(text)).toBe(expected);
  });

  it('takes linear time and a bounded length on anything', () => {
    const nasty = fc.constantFrom('*', '_', '`', '[', ']', '(', ')', '<', '>', '!', '|', '\\', 'a', ' ', '#', '~');
    fc.assert(fc.property(fc.array(nasty, { maxLength: 200 }), (parts) => cleanSentence(parts.join('')).length <= 602));
    const began = performance.now();
    for (const unit of ['[', '![', '**', '<a', '`', '\\', '> ', '| ']) cleanSentence(unit.repeat(5_000));
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('classifySentence', () => {
  it.each([
    ['It takes two arguments and returns one.', 'prose'],
    ['- Installs the package', 'fragment'],
    ['You can do it like this:', 'fragment'],
    ['# Query Parameters', 'heading'],
    ['| a | b | c |', 'table'],
    ['|---|---|', 'rubble'],
    ['operating profit | 1083 | 1063 | 1030', 'table'],
    ['from fastapi import FastAPI', 'code'],
    ['    return item', 'code'],
    ['/// note', 'rubble'],
    ['-----', 'rubble'],
    ['1', 'rubble'],
  ])('calls %j %s', (text, kind) => {
    expect(classifySentence(text, false)).toBe(kind);
  });

  it('calls everything inside a fence code', () => {
    expect(classifySentence('This looks like a sentence of prose.', true)).toBe('code');
    const text = 'a\n```py\nx = 1\n```\nb\n~~~\nopen';
    expect(fencedStretches(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      '```py\nx = 1\n```',
      '~~~\nopen',
    ]);
  });
});
