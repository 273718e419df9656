import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitSentences } from './split-sentences.ts';

const sentencesOf = (text: string): string[] => splitSentences(text).map(({ start, end }) => text.slice(start, end));

describe('splitSentences', () => {
  it.each([
    ['plain sentences', 'One two. Three four! Five?', ['One two.', 'Three four!', 'Five?']],
    ['titles', 'Dr. Smith met Mr. Jones. They talked.', ['Dr. Smith met Mr. Jones.', 'They talked.']],
    ['initials', 'J. R. R. Tolkien wrote it. It sold.', ['J. R. R. Tolkien wrote it.', 'It sold.']],
    ['a dotted name before a capital', 'The U.S. Senate met. It ended.', ['The U.S. Senate met.', 'It ended.']],
    ['a dotted name at the end', 'He lives in the U.S. The rest do not.', ['He lives in the U.S.', 'The rest do not.']],
    ['decimals', 'It grew 3.5 percent. Then 4.', ['It grew 3.5 percent.', 'Then 4.']],
    ['versions and hosts', 'Use v1.2.3 from example.com. Done.', ['Use v1.2.3 from example.com.', 'Done.']],
    [
      'latin short forms',
      'Use a tool, e.g. Vim. Or not, i.e. Emacs.',
      ['Use a tool, e.g. Vim.', 'Or not, i.e. Emacs.'],
    ],
    ['numbers of figures', 'See Fig. 3 and No. 5. Good.', ['See Fig. 3 and No. 5.', 'Good.']],
    ['the answer no', 'He said no. Nobody came.', ['He said no.', 'Nobody came.']],
    ['quotes behind the stop', 'He said “Go.” She went. (Late.) End', ['He said “Go.”', 'She went.', '(Late.)', 'End']],
    ['a question inside', '"Why?" he asked. "No!" she said.', ['"Why?" he asked.', '"No!" she said.']],
    ['footnote marks', 'It is so.[12][3] Next one.', ['It is so.[12][3]', 'Next one.']],
    ['an ellipsis', 'Well... maybe so. And … No.', ['Well... maybe so.', 'And …', 'No.']],
    ['companies', 'Acme Inc. The firm. Beta Inc. Holdings won.', ['Acme Inc.', 'The firm.', 'Beta Inc. Holdings won.']],
    ['lower case talk', 'so we went there. and then he said it.', ['so we went there.', 'and then he said it.']],
    ['Spanish', 'El Sr. Gil vino. ¿Por qué? No sé.', ['El Sr. Gil vino.', '¿Por qué?', 'No sé.']],
    ['Chinese', '今天很好。你好吗？“好！”他说。', ['今天很好。', '你好吗？', '“好！”', '他说。']],
    ['Hindi', 'यह एक है। वह दो है।', ['यह एक है।', 'वह दो है।']],
    ['mixed scripts', '他用 Node.js 24。It works.', ['他用 Node.js 24。', 'It works.']],
  ])('keeps %s right', (_name, text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });

  it.each([
    ['headings', '# Title\nBody one. Body two.', ['# Title', 'Body one.', 'Body two.']],
    [
      'bullets',
      'Buy:\n- milk\n- two eggs. Fresh ones\n* rice',
      ['Buy:', '- milk', '- two eggs.', 'Fresh ones', '* rice'],
    ],
    ['numbered items', '1. First step.\n2. Second step', ['1. First step.', '2. Second step']],
    [
      'an item wrapped over lines',
      '- one long item that\n  goes on here\n- two',
      ['- one long item that\n  goes on here', '- two'],
    ],
    ['table rows', '| a | b |\n|---|---|\n| 1. x | 2 |', ['| a | b |', '|---|---|', '| 1. x | 2 |']],
    ['blank lines', 'no stop here\n\nanother part', ['no stop here', 'another part']],
    ['lines of a form', 'Name: Acme\nDate: 2026-01-02\nTotal: 5', ['Name: Acme', 'Date: 2026-01-02', 'Total: 5']],
    ['code', '```js\nlet a = 1;\nf(a);\n```\nText.', ['```js', 'let a = 1;', 'f(a);', '```', 'Text.']],
    ['windows line ends', 'One.\r\n\r\nTwo.\r\n', ['One.', 'Two.']],
  ])('puts %s apart', (_name, text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });

  it('joins a paragraph that was wrapped at a column', () => {
    const text =
      'The quick brown fox jumps over the lazy dog and then\nMary called the old farmer who lives beside the river.\nEnd.';
    expect(sentencesOf(text)).toEqual([text.slice(0, -5), 'End.']);
  });

  it('separates a line that stops although the next word would have fitted', () => {
    const text = 'Summary of results\nThe quick brown fox jumps over the lazy dog and runs away.';
    expect(sentencesOf(text)[0]).toBe('Summary of results');
  });

  const pieces = fc.constantFrom(
    'word',
    'Word',
    ' ',
    ' ',
    '\n',
    '\n\n',
    '.',
    '. ',
    '!',
    '?” ',
    '。',
    '- ',
    '1. ',
    '# ',
    '|',
    '```',
    'Mr',
    'U.S',
    '\r\n',
    '\u3000',
    '[1]',
    '…',
    '😀',
    '字',
    'é',
    '\u2028',
    '>',
    '3.5',
    '(',
    ')',
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme' }),
  );

  it('holds every visible character once, in order, and nothing else at its edges', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let last = 0;
        for (const { start, end } of splitSentences(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(text.slice(last, start).trim()).toBe('');
          const sentence = text.slice(start, end);
          expect(sentence.trim()).toBe(sentence);
          last = end;
        }
        expect(text.slice(last).trim()).toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  it('never cuts a surrogate pair', () => {
    fc.assert(
      fc.property(texts, (text) =>
        splitSentences(text).every(({ start, end }) => text.slice(start, end).isWellFormed() || !text.isWellFormed()),
      ),
    );
  });

  it.each([
    ['one endless word', 'a'.repeat(1_000_000)],
    ['full stops', '.'.repeat(1_000_000)],
    ['spaced full stops', '. '.repeat(500_000)],
    ['initials', 'A. '.repeat(300_000)],
    ['white space', `a${' '.repeat(1_000_000)}b`],
    ['closers', `.${')'.repeat(1_000_000)}`],
    ['footnotes', `.${'[1]'.repeat(300_000)}`],
    ['short lines', 'a\n'.repeat(500_000)],
    ['dashes', '-'.repeat(1_000_000)],
  ])('takes linear time on %s', (_name, text) => {
    const began = performance.now();
    splitSentences(text);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
