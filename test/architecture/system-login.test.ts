import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Each use of the login that sees across organizations, by its reason. A new one is a decision: add it here. */
const reasons = [
  'find batches that nobody works on',
  'find ended batches and tasks',
  'find removed sources',
  'find sources that are due',
  'find sources to watch',
  'find tasks that nobody ended',
  'find where deliveries are due',
  'follow the corpus',
  'list dead jobs',
  'list the organizations',
  'make the coming partitions',
  'make the first organization once',
  'note how far a subscriber has come',
  'number the events in their order',
  'prune idempotency keys',
  'prune the change log',
  'prune the deliveries',
  'prune the events',
  'read how far a subscriber has come',
  'read which events are to be delivered',
  'release the lease of the relay',
  'remove expired credentials',
  'requeue dead jobs',
  'start following the corpus',
  'take back the jobs of a dead server',
  'take the lease of the relay',
];

test('the system login is used for these reasons and no others', () => {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const found = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return [...text.matchAll(/\.asSystem\(\s*(?:'([^']*)'|(\S+))/g)].map(([, reason, other]) => reason ?? `? ${other}`);
  });
  expect([...new Set(found)].sort()).toEqual(reasons);
});
