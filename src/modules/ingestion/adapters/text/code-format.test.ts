import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blocksOf } from '../../testing/blocks-of.ts';
import { toCodeBlocks } from './code-blocks.ts';
import { codeFormat } from './code-format.ts';

test('cuts before definitions and keeps the comment above with them', async () => {
  const source =
    "import a from 'a';\n\n/** Adds. */\nexport function add(a, b) {\n  return a + b;\n}\n\n// one\nconst one = 1;\n";
  expect(await blocksOf(codeFormat, source)).toEqual([
    "code: import a from 'a';",
    'code: /** Adds. */\nexport function add(a, b) {\n  return a + b;\n}',
    'code: // one\nconst one = 1;',
  ]);
});

test('knows the definitions of other languages', async () => {
  expect(
    await blocksOf(codeFormat, 'import os\n\n@cached\ndef f(a):\n    return a\n\nclass A:\n    x = 1\n', 'a.py'),
  ).toHaveLength(3);
  expect(await blocksOf(codeFormat, '#include <a.h>\n\nint main(void) {\n  return 0;\n}\n', 'a.c')).toHaveLength(2);
  expect(await blocksOf(codeFormat, '[a]\nb=1\n\n[c]\nd=2\n', 'a.toml')).toHaveLength(2);
});

test('every visible character is in exactly one block, in order', () => {
  const line = fc.constantFrom(
    '',
    '  ',
    '// c',
    '@mark',
    'function f() {',
    '  inner',
    '}',
    'x = 1',
    '/*',
    ' * c',
    'class A',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const text = lines.join('\n');
      const blocks = toCodeBlocks(text);
      const inside = blocks.map(({ start, end }) => text.slice(start, end)).join('');
      expect(inside.replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      blocks.forEach(({ start, end }, index) => {
        expect(end).toBeGreaterThan(start);
        expect(start).toBeGreaterThanOrEqual(blocks[index - 1]?.end ?? 0);
      });
    }),
    { numRuns: 500 },
  );
});
