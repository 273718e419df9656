import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createChildProcessParser } from '#modules/ingestion/adapters/child-process-parser.ts';
import type { Format } from '#modules/ingestion/index.ts';
import { createChildPool } from '#platform/sandbox/child-pool.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';

const project = new URL('../../', import.meta.url).pathname;
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-recipe-')));
afterAll(() => rmSync(copy, { recursive: true }));

/** The path in backticks before the first fence, the fence's code, and the line of the second fence. */
function readRecipe(): { path: string; code: string; line: string } {
  const recipe = readFileSync(join(project, 'docs/recipes/add-a-document-format.md'), 'utf8');
  const [first, second] = [...recipe.matchAll(/```ts\n(.*?)```/gs)];
  const path = /`(src\/[^`]+)`\n\n```ts/.exec(recipe)?.[1];
  if (first?.[1] === undefined || second?.[1] === undefined || path === undefined)
    throw new Error('The recipe has lost its code.');
  return { path, code: first[1], line: second[1] };
}

test('following the recipe word by word gives a format that reads files in the child process', async () => {
  const { path, code, line } = readRecipe();
  cpSync(join(project, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(project, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, path), code);
  appendFileSync(join(copy, 'src/app/formats.ts'), line);

  const extension = path.match(/(\w+)-format/)?.[1] as string;
  const format: Format = {
    name: extension,
    version: 1,
    extensions: [extension],
    mediaTypes: ['text/x'],
    parse: () => {
      throw new Error('runs in the child only');
    },
  };
  const pool = createChildPool({
    entry: pathToFileURL(join(copy, 'src/app/parser-child.ts')),
    readable: ['src/', 'node_modules/', 'package.json'].map((name) => join(copy, name)),
    config: sandboxConfig.parse({}),
  });
  const parser = createChildProcessParser({ pool, formats: [format] });
  const parse = (text: string) =>
    parser.parse(
      parser.formatOf('film.srt'),
      { filename: 'film.srt', bytes: Buffer.from(text) },
      new AbortController().signal,
    );
  try {
    const film =
      '1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\nthere.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nGood bye.\r\n';
    expect(await parse(film)).toMatchObject({
      text: 'Hello\nthere.\n\nGood bye.',
      blocks: [
        { kind: 'paragraph', start: 0, end: 12 },
        { kind: 'paragraph', start: 14, end: 23 },
      ],
    });
    await expect(parse('no times at all')).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
  } finally {
    await pool.close();
  }
});
