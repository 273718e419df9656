import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * Tests lie beside what they test, so the level of a test is read from what it asks for: one that imports
 * `test/support/` gets a database and is a `module` test, the others are `unit` tests and start nothing.
 */
const beside = globSync(
  [
    'src/**/*.test.ts',
    'web/src/**/*.test.ts',
    'bench/**/*.test.ts',
    'scripts/**/*.test.ts',
    'test/support/**/*.test.ts',
  ],
  {
    exclude: ['**/node_modules/**'],
  },
);
const wantsDatabase = (file: string) => readFileSync(file, 'utf8').includes('test/support/');
const moduleTests = beside.filter(wantsDatabase);
const unitTests = beside.filter((file) => !wantsDatabase(file));

/** Two cores are what a small machine and our CI have; more workers only fight over them. */
const workers = 2;
/** A guard against what never ends, not a measure: a loaded machine takes ten times as long. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };
const database = { globalSetup: ['test/support/postgres.ts'], ...patience };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: workers,
    projects: [
      { test: { name: 'unit', include: unitTests, ...patience } },
      { test: { name: 'module', include: moduleTests, ...database } },
      { test: { name: 'api', include: ['test/{api,cli,recipes,security}/**/*.test.ts'], ...database } },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
          ...patience,
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
    ],
  },
});
