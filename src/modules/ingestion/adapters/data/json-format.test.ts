import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { jsonFormat } from './json-format.ts';

test('writes names and values as an outline, a block a record', async () => {
  const source = '[{"a":"one","b":{"c":[1.10,null,true],"d":[]}},{"a":"two\\nlines"}]';
  expect(await blocksOf(jsonFormat, source)).toEqual([
    'code: a: one\nb:\n  c:\n    - 1.10\n    - null\n    - true\n  d: (none)',
    'code: a: two\n  lines',
  ]);
});

test('keeps the digits of numbers, and fields that are named number', async () => {
  const { text, title } = await read(
    jsonFormat,
    '{"title":"T","big":12345678901234567890,"number":"5","n":{"number":"6"}}',
  );
  expect(text).toBe('title: T\nbig: 12345678901234567890\nnumber: 5\nn:\n  number: 6');
  expect(title).toBe('T');
});

test('reads JSON lines by name or by what they are', async () => {
  for (const name of ['a.jsonl', 'a.json'])
    expect(await blocksOf(jsonFormat, '{"a":1}\n\n{"a":2}\n', name)).toEqual(['code: a: 1', 'code: a: 2']);
});

test.each([
  ['broken', '{"a":'],
  ['cut inside a string', '{"a": "b'],
  ['deeper than people write', `${'['.repeat(200)}1${']'.repeat(200)}`],
  ['deep enough for a stack', '['.repeat(300_000)],
])('refuses JSON that is %s', async (_, source) => {
  await expect(read(jsonFormat, source)).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});

test('names the line of JSON lines that is broken, and quotes nothing of the file', async () => {
  const failure = read(jsonFormat, '{"a":1}\nsecret words\n', 'a.jsonl');
  await expect(failure).rejects.toMatchObject({ message: expect.stringMatching(/^Line 2 is no valid JSON/) });
  await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
});
