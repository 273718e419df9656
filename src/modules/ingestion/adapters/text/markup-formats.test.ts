import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { yamlFormat } from '../data/yaml-format.ts';
import { asciidocFormat } from './asciidoc-format.ts';
import { orgFormat } from './org-format.ts';
import { rstFormat } from './rst-format.ts';

test('RST: headings, code, comments, links, tables', async () => {
  const source =
    '=====\nTitle\n=====\n\nPart\n----\n\nText with ``code`` and `a link <https://x.y>`_ and :ref:`other`::\n\n    literal\n\n.. a comment\n   goes on\n\n.. code-block:: python\n   :linenos:\n\n   a = 1\n\n.. note::\n   Mind this.\n\n====  ====\nA     B\n====  ====\n1     2\n====  ====\n\nafter\n';
  expect(await blocksOf(rstFormat, source)).toEqual([
    'heading1: # Title',
    'heading2: ## Part',
    'paragraph: Text with `code` and a link and other:',
    'code: ```\nliteral\n```',
    'code: ```\na = 1\n```',
    'paragraph: Mind this.',
    'table: | A | B |\n| --- | --- |\n| 1 | 2 |',
    'paragraph: after',
  ]);
  expect((await read(rstFormat, source)).title).toBe('Title');
});

test('Org: headings, blocks, drawers, links, tables', async () => {
  const source =
    '#+TITLE: The title\n#+STARTUP: x\n* TODO [#A] Head :tag:\n:PROPERTIES:\n:ID: 1\n:END:\nSee [[https://x.y][the page]] and =code=.\n\n#+BEGIN_QUOTE\nSaid.\n#+END_QUOTE\n\n#+BEGIN_SRC sh\n  ls\n#+END_SRC\n| a | b |\n|---+---|\n| 1 | 2 |\n';
  expect(await blocksOf(orgFormat, source)).toEqual([
    'heading1: # The title',
    'heading1: # Head',
    'paragraph: See the page and `code`.',
    'quote: > Said.',
    'code: ```\nls\n```',
    'table: | a | b |\n| --- | --- |\n| 1 | 2 |',
  ]);
  expect((await read(orgFormat, source)).title).toBe('The title');
});

test('AsciiDoc: headings, lists, blocks, tables, attributes', async () => {
  const source =
    '= Title\n:toc: left\n\n== Part\n\n* one\n** two\n. three\n\n[source,sh]\n----\nls -l\n----\n\n////\nhidden\n////\n.Caption\n|===\n|A |B\n\n|1\n|2\n|===\n\nSee link:a.html[the page] and <<x,there>>.\n';
  expect(await blocksOf(asciidocFormat, source)).toEqual([
    'heading1: # Title',
    'heading2: ## Part',
    'list: - one\n  - two\n1. three',
    'code: ```\nls -l\n```',
    'paragraph: Caption',
    'table: | A | B |\n| --- | --- |\n| 1 | 2 |',
    'paragraph: See the page and there.',
  ]);
});

test('YAML stays as it stands, a block a top-level entry with the comment above it', async () => {
  expect(await blocksOf(yamlFormat, 'name: Thing\n# about b\nb:\n  - 1\n\n  - 2\nc: *alias\n')).toEqual([
    'code: name: Thing',
    'code: # about b\nb:\n  - 1\n\n  - 2',
    'code: c: *alias',
  ]);
  expect((await read(yamlFormat, 'name: Thing\n')).title).toBe('Thing');
});

test.each([
  [rstFormat, '.. only a comment\n'],
  [orgFormat, '# only a comment\n'],
  [asciidocFormat, '// only a comment\n'],
])('$name without text is refused', async (format, source) => {
  await expect(read(format, source)).rejects.toMatchObject({ code: 'DOCUMENT_WITHOUT_TEXT' });
});
