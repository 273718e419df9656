import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { rtfFormat } from './rtf-format.ts';

test('reads headings, text in code pages and Unicode, and tables; leaves out what is not shown', async () => {
  const source =
    "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\info{\\title My title}{\\author Nobody}}{\\*\\generator X;}\\pard\\outlinelevel0 Head\\par\\pard Caf\\'e9 \\u8364 ? and \\{braces\\}\\line next\\par{\\trowd\\pard\\intbl a\\cell b\\cell\\row\\pard\\intbl 1\\cell 2\\cell\\row}\\pard after{\\pict 89504e47}\\par}";
  expect(await blocksOf(rtfFormat, source)).toEqual([
    'heading1: # Head',
    'paragraph: Café € and {braces}\nnext',
    'table: | a | b |\n| --- | --- |\n| 1 | 2 |',
    'paragraph: after',
  ]);
  expect((await read(rtfFormat, source)).title).toBe('My title');
});

test('reads two-byte code pages', async () => {
  expect(await blocksOf(rtfFormat, "{\\rtf1\\ansicpg932 \\'93\\'fa\\'96\\'7b}")).toEqual(['paragraph: 日本']);
});

test.each([
  ['cut off', '{\\rtf1 text', 'DOCUMENT_DAMAGED'],
  ['not RTF', 'text', 'DOCUMENT_DAMAGED'],
  ['too deep', `{\\rtf1 ${'{'.repeat(2_000)}`, 'DOCUMENT_DAMAGED'],
  ['without text', '{\\rtf1 {\\fonttbl x}}', 'DOCUMENT_WITHOUT_TEXT'],
])('refuses a file that is %s', async (_, source, code) => {
  await expect(read(rtfFormat, source)).rejects.toMatchObject({ code });
});
