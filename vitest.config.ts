import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * Tests lie beside what they test, so the level of a test is read from what it asks for: one that imports
 * `test/support/` gets a database and is a `module` test, the others are `unit` tests and start nothing.
 */
const beside = globSync(
  ['src/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts', 'test/support/**/*.test.ts'],
  {
    exclude: ['**/node_modules/**'],
  },
);
const wantsDatabase = (file: string) => readFileSync(file, 'utf8').includes('test/support/');
const moduleTests = beside.filter(wantsDatabase);
const unitTests = beside.filter((file) => !wantsDatabase(file));

/** Two cores are what a small machine and our CI have; more workers only fight over them. */
const workers = 2;
const database = { globalSetup: ['test/support/postgres.ts'], testTimeout: 20_000, hookTimeout: 30_000 };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: workers,
    testTimeout: 10_000,
    projects: [
      { test: { name: 'unit', include: unitTests } },
      { test: { name: 'module', include: moduleTests, ...database } },
      { test: { name: 'api', include: ['test/{api,recipes,security}/**/*.test.ts'], ...database } },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts', 'test/architecture/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
    ],
  },
});
