import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accomplices, brokenFiles, skeleton } from './broken-files.ts';
import { createSkeleton, root, type Skeleton } from './skeleton.ts';

type Violation = { from: string; rule: { name: string } };

async function cruise(folder: string): Promise<Violation[]> {
  const { stdout } = await promisify(execFile)(
    path.join(root, 'node_modules/.bin/depcruise'),
    ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src', 'web'],
    { cwd: folder, maxBuffer: 64 << 20 },
  ).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' })); // exits with the number of violations
  return JSON.parse(stdout).summary.violations;
}

describe('the rules of the import graph', () => {
  let copy: Skeleton;
  let clean: Violation[];
  let broken: Violation[];

  beforeAll(async () => {
    copy = createSkeleton(skeleton);
    clean = await cruise(copy.folder);
    const accompliceFiles = Object.entries(accomplices).map(([file, content]) => ({ file, content }));
    for (const { file, content } of [...brokenFiles, ...accompliceFiles]) {
      mkdirSync(path.dirname(path.join(copy.folder, file)), { recursive: true });
      writeFileSync(path.join(copy.folder, file), content);
    }
    broken = await cruise(copy.folder);
  });
  afterAll(() => copy.remove());

  test('let a well-built skeleton pass, inline `import { type … }` and contracts included', () => {
    expect(clean).toEqual([]);
  });

  test.each(brokenFiles)('$rule stops $file', ({ rule, file }) => {
    const rules = broken.filter((violation) => violation.from === file).map((violation) => violation.rule.name);
    expect(rules).toContain(rule);
  });

  test('accuse only the files that break them', () => {
    const guilty = new Set([...brokenFiles.map(({ file }) => file), ...Object.keys(accomplices)]);
    expect(broken.filter((violation) => !guilty.has(violation.from))).toEqual([]);
  });

  test('each have a file that breaks them', async () => {
    const { default: configuration } = await import(path.join(root, '.dependency-cruiser.mjs'));
    const rules = new Set(configuration.forbidden.map((rule: { name: string }) => rule.name));
    expect(new Set(brokenFiles.map(({ rule }) => rule))).toEqual(rules);
  });
});
