import { expect, test } from 'vitest';
import { toHeadingTitle } from './document-title.ts';
import { scanMarkdown } from './scan-markdown.ts';

const scan = (text: string): string[] =>
  scanMarkdown(text).blocks.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);

test.each<[string, string, string[]]>([
  [
    'headings of both kinds',
    '# One\nText\n\nTwo\n===\n\nThree\n---\n',
    ['heading1: # One', 'paragraph: Text', 'heading1: Two\n===', 'heading2: Three\n---'],
  ],
  ['no heading in a hash tag', '#tag\n', ['paragraph: #tag']],
  [
    'fences with headings inside',
    '```sh\n# comment\n\nrun\n```\nafter',
    ['code: ```sh\n# comment\n\nrun\n```', 'paragraph: after'],
  ],
  ['a fence inside a longer fence', '````\n```\n# x\n```\n````\n', ['code: ````\n```\n# x\n```\n````']],
  ['a fence that is never closed', '~~~\n# x\n', ['code: ~~~\n# x\n']],
  [
    'tables',
    'Intro\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nafter',
    ['paragraph: Intro', 'table: | a | b |\n|---|:-:|\n| 1 | 2 |', 'paragraph: after'],
  ],
  [
    'lists over empty lines and nested',
    '* a\n* b\n\n    more of b\n\n    1. deep\n\nafter',
    ['list: * a\n* b\n\n    more of b\n\n    1. deep', 'paragraph: after'],
  ],
  ['a list right behind a paragraph', 'Such as:\n- a\n- b', ['paragraph: Such as:', 'list: - a\n- b']],
  ['quotes', '> a\n> b\nlazy\n\nafter', ['quote: > a\n> b\nlazy', 'paragraph: after']],
  ['comments that fill their lines', 'a\n\n<!-- hidden\n# not a heading\n-->\n\nb', ['paragraph: a', 'paragraph: b']],
  ['comments within a line as text', '<!-- x --> visible', ['paragraph: <!-- x --> visible']],
  ['a comment that never ends as text', '<!-- x\n\n# Visible', ['paragraph: <!-- x', 'heading1: # Visible']],
  ['indented code', 'a\n\n    code\n\n    more\n\nb', ['paragraph: a', 'code:     code\n\n    more', 'paragraph: b']],
  [
    'admonitions whose body is text',
    '!!! note "Read"\n    Inside.\n\n    Still inside.\n\nOutside.',
    ['paragraph: !!! note "Read"', 'paragraph:     Inside.', 'paragraph:     Still inside.', 'paragraph: Outside.'],
  ],
  [
    'admonitions with slashes',
    '/// tip | Hint\n\nInside.\n\n///\n',
    ['paragraph: /// tip | Hint', 'paragraph: Inside.', 'paragraph: ///'],
  ],
  [
    'rules as lines of their own',
    'a\n\n---\n\nb\n***\nc',
    ['paragraph: a', 'paragraph: ---', 'paragraph: b', 'paragraph: ***', 'paragraph: c'],
  ],
])('sees %s', (_, text, blocks) => {
  expect(scan(text)).toEqual(blocks);
});

test('takes the title from front matter and keeps front matter out', () => {
  const text = '---\ntags: [a]\ntitle: "My: page"\n---\n# Heading\n';
  expect(scanMarkdown(text).frontMatterTitle).toBe('My: page');
  expect(scan(text)).toEqual(['heading1: # Heading']);
});

test('reads a rule at the start that is no front matter', () => {
  expect(scan('---\nText')).toEqual(['paragraph: ---', 'paragraph: Text']);
});

test.each([
  ['# Path Parameters { #path-parameters }', 'Path Parameters'],
  ['## The `run` **command**, [here](http://x.y/z) ##', 'The run command, here'],
  ['Title\n=====', 'Title'],
  ['# C#', 'C#'],
  ['#hash', '#hash'],
  ['### snake_case_name and *emphasis*', 'snake_case_name and emphasis'],
  ['# `{}` { #empty }', '{}'],
])('reads the heading %j as %j', (source, title) => {
  expect(toHeadingTitle(source)).toBe(title);
});

test.each([
  ['comments', '<!-- a\n'],
  ['comments with a far end', '<!-- a\n', '--> x'],
  ['fences', '```\n~~~\n'],
  ['hashes and spaces', `# ${' '.repeat(500)}x\n`],
  ['pipes', '||||\n|-|-|\n'],
  ['list marks', '- - - - x\n\n'],
  ['emphasis', '***a'],
])('takes time in proportion to many %s', (_, unit, end = '') => {
  // Processor time, the best of three: a loaded machine must not look like a slow scan.
  const costOf = (times: number): number => {
    const text = unit.repeat(times) + end;
    const costs = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      scanMarkdown(text);
      return process.cpuUsage(before).user / 1000;
    });
    return Math.min(...costs);
  };
  costOf(20_000);
  // Eight times as much: a quadratic scan would take sixty-four times as long.
  expect(costOf(160_000)).toBeLessThan(Math.max(50, costOf(20_000)) * 20);
});
