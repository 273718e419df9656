import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createReader } from '../support/connector-contract.ts';

const project = new URL('../../', import.meta.url).pathname;
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-recipe-')));
afterAll(() => rmSync(copy, { recursive: true }));

test('following the recipe word by word gives a connector that tells what is new', async () => {
  const recipe = readFileSync(join(project, 'docs/recipes/add-a-connector.md'), 'utf8');
  const [code, line] = [...recipe.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] ?? '');
  const path = /`(src\/[^`]+)`\n\n```ts/.exec(recipe)?.[1] ?? '';
  cpSync(join(project, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(project, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, path), code ?? '');
  appendFileSync(join(copy, 'src/app/connectors.ts'), line ?? '');

  const connectors = await import(join(copy, 'src/app/connectors.ts'));
  const connector = connectors.createOutboxConnector({ maxFileBytes: 1000 });
  const folder = join(copy, 'outbox');
  mkdirSync(folder);
  const settings = await connector.validate({ folder });
  const reader = createReader(connector, settings);
  for (const number of [1, 2, 10]) writeFileSync(join(folder, `${number}.md`), `text ${number}`);
  expect(await reader.look()).toHaveLength(3);
  expect(await reader.look()).toEqual([]);
  writeFileSync(join(folder, '11.md'), 'text 11');
  expect(await reader.look()).toMatchObject([{ document: { externalId: '11.md' } }]);
  const bytes = await connector.fetch(settings, '11.md', new AbortController().signal);
  expect(Buffer.from(bytes).toString()).toBe('text 11');
  await expect(connector.fetch(settings, '12.md', new AbortController().signal)).rejects.toMatchObject({
    code: 'SOURCE_DOCUMENT_GONE',
  });
});
