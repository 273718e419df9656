import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Each use of the login that sees across organizations, by its reason. A new one is a decision: add it here. */
const reasons = [
  'follow the corpus',
  'make the coming partitions',
  'make the first organization once',
  'prune the change log',
  'prune the outbox',
  'remove expired credentials',
  'start following the corpus',
];

test('the system login is used for these reasons and no others', () => {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const found = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return [...text.matchAll(/\.asSystem\(\s*(?:'([^']*)'|(\S+))/g)].map(([, reason, other]) => reason ?? `? ${other}`);
  });
  expect([...new Set(found)].sort()).toEqual(reasons);
});
