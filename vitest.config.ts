import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * Tests lie beside what they test, so the level of a test is read from what it asks for: one that imports
 * `test/support/` gets a database and is a `module` test, one that starts processes or tries hundreds of random inputs is a
 * `long` test, and the others are `unit` tests, which `npm run check` runs.
 */
const beside = globSync(
  [
    'src/**/*.test.ts',
    'web/src/**/*.test.ts',
    'bench/**/*.test.ts',
    'scripts/**/*.test.ts',
    'test/support/**/*.test.ts',
    'test/assurance/**/*.test.ts',
  ],
  {
    exclude: ['**/node_modules/**'],
  },
);
const levelOf = (file: string): 'module' | 'long' | 'unit' => {
  const text = readFileSync(file, 'utf8');
  if (text.includes('test/support/')) return 'module';
  const isLong =
    /node:child_process|createChildPool|createChildProcessParser|startWorkerProcesses|numRuns: (?:[3-9]\d\d|\d{4,})/;
  return isLong.test(text) ? 'long' : 'unit';
};
const tests = Map.groupBy(beside, levelOf);

/** Two cores are what a small machine and our CI have. Those that start whole servers would only fight over them. */
const workers = 2;
/** The others wait often, for a child, a lease or a retry: a third fills the gaps. They go first, all together. */
const lightWorkers = 3;
const light = { maxWorkers: lightWorkers, sequence: { groupOrder: 0 } };
const heavy = { maxWorkers: workers, sequence: { groupOrder: 1 } };
/** A guard against what never ends, not a measure: a loaded machine takes ten times as long. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };
const database = { globalSetup: ['test/support/postgres.ts'], ...patience };

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      { test: { name: 'unit', include: tests.get('unit') ?? [], ...patience, ...light } },
      { test: { name: 'long', include: tests.get('long') ?? [], ...patience, ...light } },
      { test: { name: 'module', include: tests.get('module') ?? [], ...database, ...light } },
      { test: { name: 'api', include: ['test/{api,cli,recipes,security}/**/*.test.ts'], ...database, ...heavy } },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
          ...patience,
          ...light,
        },
      },
      {
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000, ...heavy },
      },
    ],
  },
});
