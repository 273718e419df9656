/** What the tree itself must keep: the map, names, the shape of a module, documents, and nothing of our machines. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { mayUse } from '../architecture.mjs';
import { projectFiles, textOf } from './architecture/project-files.ts';
import { root } from './architecture/skeleton.ts';

const files = projectFiles();
const moduleFolders = readdirSync(path.join(root, 'src/modules'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

describe('the map', () => {
  test('names exactly the modules that exist', () => {
    expect(Object.keys(mayUse).sort()).toEqual(moduleFolders);
  });

  test('points only at modules that come before, so it has no cycle', () => {
    const seen = new Set<string>();
    for (const [module, allowed] of Object.entries(mayUse)) {
      expect(
        allowed.filter((other) => !seen.has(other)),
        `${module} points forward`,
      ).toEqual([]);
      seen.add(module);
    }
  });
});

describe('a module', () => {
  test.each(moduleFolders)('%s has a front door and a README of at most 60 lines', (module) => {
    const has = (name: string) => existsSync(path.join(root, 'src/modules', module, name));
    expect({ index: has('index.ts'), readme: has('README.md') }).toEqual({ index: true, readme: true });
    expect((textOf(`src/modules/${module}/README.md`) ?? '').trimEnd().split('\n').length).toBeLessThanOrEqual(60);
  });
});

describe('names', () => {
  const banned = new Set([
    'utils',
    'util',
    'helpers',
    'helper',
    'common',
    'shared',
    'misc',
    'core',
    'lib',
    'base',
    'manager',
    'types',
  ]);

  test('never say nothing', () => {
    const sources = files.filter((file) => /^(src|bench|scripts|test)\//.test(file));
    const empty = sources.filter((file) => file.split('/').some((part) => banned.has(part.replace(/[.].*$/, ''))));
    expect(empty).toEqual([]);
  });

  test('keep `index.ts` for front doors', () => {
    const doors = files.filter((file) => /^src\/(.*\/)?index[.]ts$/.test(file));
    expect(doors.filter((file) => !/^src\/(modules|platform|packs)\/[^/]+\/index[.]ts$/.test(file))).toEqual([]);
  });
});

describe('tests', () => {
  test('pass fakes instead of replacing our modules', () => {
    const marker = ['vi', 'mock('].join('.');
    const guilty = files.filter((file) => file.endsWith('.test.ts') && textOf(file)?.includes(marker));
    expect(guilty).toEqual([]);
  });
});

describe('the repository', () => {
  /** Written in pieces, so that this file does not accuse itself. */
  const foreign: [string, RegExp][] = [
    ['a path of one machine', /(?<![\w.])\/(?:work|home|Users)\/[a-z]+\//],
    ['a package registry', new RegExp(['registry', '(npmjs|yarnpkg)'].join('[.]'))],
    ['a mark that is not ours', new RegExp(`\\b(${['FIX', 'HACK', 'XXX'].join('ME|')})\\b|\\bTODO(?!\\(#\\d+\\))`)],
  ];
  /** Files that explain these words. */
  const exempt = new Set([
    'test/architecture.test.ts',
    'STYLE.md',
    'CONTRIBUTING.md',
    // Org files mark headings with such a word, and it is no name of a person.
    'src/modules/ingestion/adapters/text/org-format.ts',
    'src/modules/ingestion/adapters/text/markup-formats.test.ts',
    'src/modules/ingestion/analysis/data/name-signs.json',
  ]);

  test.each(foreign)('holds no %s', (_what, pattern) => {
    const guilty = files.filter((file) => !exempt.has(file) && pattern.test(textOf(file) ?? ''));
    expect(guilty).toEqual([]);
  });

  test('holds no file over 2 MB', () => {
    expect(files.filter((file) => (textOf(file)?.length ?? 0) > 2_000_000)).toEqual([]);
  });
});

describe('the generated reference', () => {
  test('is what the code says', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [path.join(root, 'scripts/generate-reference.ts'), '--check'],
      { cwd: root },
    ).catch((error: { stdout: string; stderr: string }) => error);
    expect(`${stdout}${stderr}`).toContain('The reference is fresh.');
  });
});

describe('documents', () => {
  const documents = files.filter((file) => file.endsWith('.md'));

  test.each(documents)('%s links only to files that exist', (file) => {
    const links = [...(textOf(file) ?? '').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    const dead = links.filter((link) => !existsSync(path.resolve(root, path.dirname(file), decodeURI(link))));
    expect(dead).toEqual([]);
  });

  /** A recipe also names files that its reader will write. */
  const descriptions = documents.filter((file) => !file.startsWith('docs/recipes/'));

  test.each(descriptions)('%s names only tests that exist', (file) => {
    const named = [...(textOf(file) ?? '').matchAll(/[\w/-]+(?:[.][\w-]+)*[.]test[.]ts\b/g)].map((match) => match[0]);
    const missing = named.filter((name) => !files.some((existing) => `/${existing}`.endsWith(`/${name}`)));
    expect(missing).toEqual([]);
  });

  test('keep a decision within 60 lines', () => {
    const long = documents.filter(
      (file) => file.startsWith('docs/decisions/') && (textOf(file) ?? '').trimEnd().split('\n').length > 60,
    );
    expect(long).toEqual([]);
  });
});
