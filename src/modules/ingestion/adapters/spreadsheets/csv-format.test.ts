import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { csvFormat } from './csv-format.ts';

test('finds the delimiter, unquotes cells and escapes bars', async () => {
  const table = 'table: | name | note |\n| --- | --- |\n| Ann | a\\|b, "c" |';
  expect(await blocksOf(csvFormat, 'name,note\nAnn,"a|b, ""c"""\n')).toEqual([table]);
  expect(await blocksOf(csvFormat, 'name;note\r\nAnn;"a|b, ""c"""\r\n')).toEqual([table]);
  expect(await blocksOf(csvFormat, 'name\tnote\nAnn\ta|b, "c"\n', 'a.tsv')).toEqual([table]);
});

test('repeats the header over each part of a long table', async () => {
  const rows = Array.from({ length: 120 }, (_, index) => `${index},value ${index}`);
  const blocks = await blocksOf(csvFormat, ['id,text', ...rows].join('\n'));
  expect(blocks).toHaveLength(3);
  for (const block of blocks) expect(block).toMatch(/^table: \| id \| text \|\n\| --- \| --- \|\n\| \d+ \|/);
  for (let index = 0; index < 120; index += 1) expect(blocks.join('\n').split(`| value ${index} |`)).toHaveLength(2);
});

test('reads Shift_JIS and says so', async () => {
  const bytes = Buffer.from('96bc914f2c94 4e97ee0a8db293a191be98592c33300a'.replaceAll(' ', ''), 'hex');
  const { text, warnings } = await read(csvFormat, bytes);
  expect(text).toBe('| 名前 | 年齢 |\n| --- | --- |\n| 佐藤太郎 | 30 |');
  expect(warnings).toEqual([expect.stringContaining('read as Shift_JIS')]);
});

test('says where a quote is not closed, and refuses a table of nothing', async () => {
  expect((await read(csvFormat, 'a,b\n1,"2\n3,4\n')).warnings).toEqual([expect.stringContaining('quote')]);
  await expect(read(csvFormat, ',,\n,,\n')).rejects.toMatchObject({ code: 'DOCUMENT_WITHOUT_TEXT' });
});

test('does not repeat a header as long as a book', async () => {
  const { text } = await read(csvFormat, `${'x'.repeat(100_000)}\n${'1\n'.repeat(1_000)}`);
  expect(text.length).toBeLessThan(150_000);
});
