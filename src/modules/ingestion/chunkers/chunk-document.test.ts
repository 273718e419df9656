import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markdownFormat } from '../adapters/text/markdown-format.ts';
import { textFormat } from '../adapters/text/text-format.ts';
import type { ParsedDocument } from '../ports.ts';
import { type Chunk, type ChunkOptions, chunkDocument } from './chunk-document.ts';
import { chunkerNames } from './chunker-names.ts';

/** Close to a real tokenizer: a token a word, a mark, or four letters of a long word. */
const countTokens = (text: string): number => text.match(/[\p{L}\p{N}]{1,4}|[^\s\p{L}\p{N}]/gu)?.length ?? 0;
const options: ChunkOptions = { maxTokens: 50, overlapTokens: 0, countTokens };

const parse = (source: string): ParsedDocument =>
  markdownFormat.parse(Buffer.from(source), { filename: 'a.md' }) as ParsedDocument;
const chunk = (source: string, more: Partial<ChunkOptions> = {}): Chunk[] => [
  ...chunkDocument(parse(source), { ...options, ...more }),
];

const sentence = (words: number, mark = 'word'): string =>
  `Word ${Array.from({ length: words - 1 }, () => mark).join(' ')}.`;

test('keeps a small document whole, under its headings', () => {
  expect(chunk('# Guide\n\nOne sentence.\n')).toEqual([
    { start: 0, end: 22, text: '# Guide\n\nOne sentence.', headingPath: ['Guide'], page: undefined, tokens: 7 },
  ]);
});

test('merges small sections and names only what they share', () => {
  const chunks = chunk('# Guide\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n');
  expect(chunks.map(({ headingPath }) => headingPath)).toEqual([['Guide']]);
});

test('starts a chunk at a section that would not fit', () => {
  const chunks = chunk(`# Guide\n\n## One\n\n${sentence(30)}\n\n## Two\n\n${sentence(30)}\n`);
  expect(chunks.map(({ headingPath }) => headingPath)).toEqual([
    ['Guide', 'One'],
    ['Guide', 'Two'],
  ]);
  expect(chunks[1]?.text.startsWith('## Two')).toBe(true);
});

test('does not mix two top-level sections', () => {
  const chunks = chunk('# One\n\nFirst.\n\n# Two\n\nSecond.\n');
  expect(chunks.map(({ text }) => text)).toEqual(['# One\n\nFirst.', '# Two\n\nSecond.']);
});

test('evens out the chunks of a long section instead of leaving a crumb', () => {
  const chunks = chunk(Array.from({ length: 6 }, () => sentence(9)).join(' '));
  expect(chunks.map(({ tokens }) => tokens)).toEqual([30, 30]);
});

test('repeats whole sentences up to the overlap', () => {
  const chunks = chunk(Array.from({ length: 12 }, (_, index) => sentence(9, `n${index}`)).join(' '), {
    overlapTokens: 10,
  });
  expect(chunks.length).toBeGreaterThan(2);
  for (const [index, { start }] of chunks.slice(1).entries()) {
    const before = chunks[index];
    expect(start).toBeLessThan(before?.end ?? 0);
    expect(start).toBeGreaterThan(before?.start ?? 0);
  }
});

test('leaves comments and front matter out of every chunk', () => {
  const chunks = chunk('---\ntitle: Secret\n---\n\nBefore.\n\n<!-- hidden\nwords -->\n\nAfter.\n');
  expect(chunks.map(({ text }) => text)).toEqual(['Before.', 'After.']);
});

test('splits tables and code between lines', () => {
  const rows = Array.from({ length: 40 }, (_, index) => `| row ${index} | a. b |`);
  const chunks = chunk(['| x | y |', '| - | - |', ...rows].join('\n'));
  expect(chunks.length).toBeGreaterThan(2);
  for (const { text } of chunks) expect(text.endsWith('|') && text.startsWith('|')).toBe(true);
});

test('says the page on which a chunk begins', () => {
  const text = 'One.\n\nTwo.';
  const blocks = [
    { kind: 'paragraph' as const, start: 0, end: 4, page: 1 },
    { kind: 'heading' as const, level: 1, start: 6, end: 10, page: 2 },
  ];
  expect([...chunkDocument({ text, blocks }, options)].map(({ page }) => page)).toEqual([1, 2]);
});

const line = fc.oneof(
  { weight: 3, arbitrary: fc.lorem({ maxCount: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 120 }) },
  fc.constantFrom(
    '',
    '',
    '# Top',
    '## Second { #anchor }',
    '### ',
    '```',
    '~~~ts',
    '| a | b |',
    '|---|---|',
    '- item',
    '    1. deep',
    '> quote',
    '!!! note "Title"',
    '    indented',
    '<!-- hidden -->',
    '<!-- open',
    '-->',
    '===',
    '---',
    '\t',
    '👩‍👩‍👧‍👦'.repeat(60),
    '漢字仮名。'.repeat(80),
    'مرحبا بالعالم، هذا نص عربي. '.repeat(20),
    'שלום עולם 🇮🇱🇺🇳 '.repeat(30),
    '| 漢字 | 👍🏽 | מילה |',
    'x'.repeat(5_000),
    'é́́'.repeat(700),
  ),
);
const source = fc.array(line, { maxLength: 40 }).map((lines) => lines.join('\n'));

const check = (document: ParsedDocument, more: Partial<ChunkOptions>): void => {
  const chunks = [...chunkDocument(document, { ...options, ...more })];
  const covered = new Uint8Array(document.text.length);
  let previous = { start: -1, end: 0 };
  for (const one of chunks) {
    expect(document.text.slice(one.start, one.end)).toBe(one.text);
    expect(one.text.isWellFormed()).toBe(true);
    expect(one.text.trim()).toBe(one.text);
    expect(one.tokens).toBeLessThanOrEqual(50);
    expect(one.start).toBeGreaterThan(previous.start);
    expect(one.end).toBeGreaterThan(previous.end);
    if (more.overlapTokens === 0 && more.chunker !== 'sliding') expect(one.start).toBeGreaterThanOrEqual(previous.end);
    previous = one;
    covered.fill(1, one.start, one.end);
  }
  const visible = new Uint8Array(document.text.length);
  for (const { start, end } of document.blocks) visible.fill(1, start, end);
  for (let index = 0; index < visible.length; index += 1) {
    const isBlank = /\s/.test(document.text.charAt(index));
    if (!isBlank && visible[index] !== covered[index])
      throw new Error(`character ${index} is wrongly ${covered[index] ? 'in' : 'out'}`);
  }
};

test.for(chunkerNames)('%s: offsets are exact, nothing visible is lost, whatever the Markdown', (chunker) => {
  fc.assert(
    fc.property(source, fc.constantFrom(0, 10), (markdown, overlapTokens) =>
      check(parse(markdown), { chunker, overlapTokens }),
    ),
    { numRuns: 300 },
  );
});

test.for(chunkerNames)('%s: offsets are exact whatever the text', (chunker) => {
  const text = fc.string({ unit: 'binary', maxLength: 3_000 });
  fc.assert(
    fc.property(text, (plain) => {
      const bytes = Buffer.from(plain.replaceAll(/\p{Cc}/gu, ' '));
      check(textFormat.parse(bytes, { filename: 'a.txt' }) as ParsedDocument, { chunker, overlapTokens: 5 });
    }),
    { numRuns: 100 },
  );
});

test.for(chunkerNames)(
  '%s: offsets are exact where a block is longer than the window that it is read in',
  (chunker) => {
    const sentenceOf = fc.constantFrom(
      'Short one. ',
      'A sentence of some more words, with a comma. ',
      'line\n',
      'x'.repeat(90),
      'ä🙂 ',
    );
    const long = fc.tuple(fc.array(sentenceOf, { minLength: 5, maxLength: 40 }), fc.constantFrom('paragraph', 'code'));
    fc.assert(
      fc.property(long, ([pieces, kind]) => {
        const text = pieces
          .join('')
          .repeat(Math.ceil(40_000 / pieces.join('').length))
          .trim();
        check(
          { text, blocks: [{ kind: kind as 'paragraph', start: 0, end: text.length }], title: undefined, warnings: [] },
          { chunker, overlapTokens: 5 },
        );
      }),
      { numRuns: 10 },
    );
  },
);

test.for(chunkerNames)('%s: takes time in proportion to the length', (chunker) => {
  const timeOf = (characters: number): number => {
    const text = 'A sentence of ordinary length, as they come. '.repeat(characters / 45);
    const start = process.cpuUsage();
    const count = [
      ...chunkDocument(
        { text, blocks: [{ kind: 'paragraph', start: 0, end: text.length }] },
        { ...options, chunker, maxTokens: 400 },
      ),
    ].length;
    expect(count).toBeGreaterThan(0);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  };
  /** Of processor time, the best of three: what else runs on the machine must not count. */
  const bestOf = (characters: number): number => Math.min(...[1, 2, 3].map(() => timeOf(characters)));
  timeOf(450_000);
  const [small, large] = [bestOf(900_000), bestOf(1_800_000)];
  expect(large / small).toBeLessThan(4);
});

test('ends a chunk with a paragraph rather than in the middle of one', () => {
  const paragraphs = [12, 10, 9].map((words) => `${sentence(words)} ${sentence(words)}`);
  const chunks = chunk(paragraphs.join('\n\n'));
  expect(chunks.map(({ text }) => text)).toEqual([paragraphs[0], `${paragraphs[1]}\n\n${paragraphs[2]}`]);
});

test('markdown never mixes two sections', () => {
  const chunks = chunk('# Guide\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n', { chunker: 'markdown' });
  expect(chunks.map(({ headingPath }) => headingPath)).toEqual([
    ['Guide', 'One'],
    ['Guide', 'Two'],
  ]);
});

test('paragraph keeps paragraphs whole', () => {
  const paragraphs = Array.from({ length: 5 }, () => sentence(30));
  const chunks = chunk(paragraphs.join('\n\n'), { chunker: 'paragraph' });
  expect(chunks.map(({ text }) => text.split('\n\n').length)).toEqual([1, 1, 1, 1, 1]);
});

test('sliding begins each window near the middle of the one before', () => {
  const chunks = chunk(Array.from({ length: 40 }, (_, index) => sentence(5, `n${index}`)).join(' '), {
    chunker: 'sliding',
  });
  expect(chunks.length).toBeGreaterThan(5);
  for (const [at, { start }] of chunks.slice(1).entries()) {
    const { start: from, end } = chunks[at] as Chunk;
    expect((start - from) / (end - from)).toBeGreaterThan(0.3);
    expect((start - from) / (end - from)).toBeLessThan(0.8);
  }
});

test('fixed fills its windows', () => {
  const chunks = chunk(sentence(400), { chunker: 'fixed' });
  for (const { tokens } of chunks.slice(0, -1)) expect(tokens).toBeGreaterThanOrEqual(46);
});
