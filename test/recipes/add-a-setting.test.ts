import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const recipe = readFileSync(path.join(root, 'docs/recipes/add-a-setting.md'), 'utf8');
const changedFile = 'src/modules/retrieval/config.ts';

/** What the copy says about its configuration, as one JSON document. */
const report = `
  import { describeConfiguration } from '#platform/configuration/describe-configuration.ts';
  import { configSchema, readConfiguration, wellKnownNames } from '#app/config.ts';
  const { config, origins } = readConfiguration();
  const row = describeConfiguration(configSchema, wellKnownNames).find(({ path }) => path === 'retrieval.maxSynonyms');
  console.log(JSON.stringify({ value: config.retrieval.maxSynonyms, origin: origins.get('retrieval.maxSynonyms'), row }));
`;

describe('the recipe for a setting', () => {
  let folder: string;

  const readIn = async (environment: Record<string, string>) => {
    const { PATH = '' } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', report], {
      cwd: folder,
      env: { PATH, ...environment },
    });
    return JSON.parse(stdout);
  };

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'nexus-recipe-'));
    cpSync(path.join(root, 'src'), path.join(folder, 'src'), { recursive: true });
    cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const field = /```ts\n(.*?)```/s.exec(recipe)?.[1] ?? '';
    const before = readFileSync(path.join(folder, changedFile), 'utf8');
    const after = before.replace(/(export const retrievalConfig = z\s*\.strictObject\(\{\n)/, `$1${field}`);
    expect(after, 'the recipe found its place').not.toBe(before);
    writeFileSync(path.join(folder, changedFile), after);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('names one file', () => {
    expect(recipe).toContain(changedFile);
  });

  test('gives a setting with its default, its type and its sentence in the reference', async () => {
    const { value, origin, row } = await readIn({});
    expect({ value, origin: origin ?? 'default' }).toEqual({ value: 10, origin: 'default' });
    expect(row).toMatchObject({
      environmentName: 'NEXUS_RETRIEVAL__MAX_SYNONYMS',
      default: '10',
      type: 'whole number from 0 to 100',
      description: 'Most synonyms that one word of a query brings along.',
    });
  });

  test('lets the environment and the file set it, the environment first', async () => {
    writeFileSync(path.join(folder, 'nexus.config.yaml'), recipe.split('```yaml\n')[1]?.split('```')[0] ?? '');
    expect((await readIn({})).value).toBe(20);
    const { value, origin } = await readIn({ NEXUS_RETRIEVAL__MAX_SYNONYMS: '30' });
    expect(value).toBe(30);
    expect(origin).toContain('NEXUS_RETRIEVAL__MAX_SYNONYMS');
  });

  test('refuses a value outside its limits', async () => {
    await expect(readIn({ NEXUS_RETRIEVAL__MAX_SYNONYMS: '101' })).rejects.toThrow(/maxSynonyms/);
  });
});
