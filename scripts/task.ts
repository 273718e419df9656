/**
 * The tasks behind the npm scripts, on the pinned Node: `node scripts/task.ts NAME [arguments]`. Called by
 * `scripts/bootstrap.mjs`, which has installed everything; one line of the table a task.
 */
import { runChecks } from './tasks/check.ts';
import { buildPageWhenStale } from './tasks/page.ts';
import { becomeScript, bin, run, runTogether } from './tasks/run.ts';

type Task = (args: string[]) => Promise<void> | void;

const tasks: Record<string, Task> = {
  quickstart: async (args) => {
    await buildPageWhenStale();
    becomeScript('src/cli/main.ts', ['quickstart', ...args]);
  },
  test: (args) => becomeScript(bin('vitest'), ['run', ...(args.length > 0 ? args : ['--project', '!e2e'])]),
  'test:service': (args) => {
    if (process.env.NEXUS_TEST_DATABASE_URL === undefined) {
      throw new Error('Set NEXUS_TEST_DATABASE_URL to a PostgreSQL superuser on a server that the tests may fill.');
    }
    becomeScript(bin('vitest'), ['run', '--project', 'module', '--project', 'api', ...args]);
  },
  check: async (args) => {
    process.exitCode = (await runChecks({ only: args })) ? 0 : 1;
  },
  build: () => run('vite', ['build', 'web', '--config', 'web/vite.config.ts']),
  dev: async (args) => {
    await runTogether([
      { command: process.execPath, args: ['--watch', 'src/cli/main.ts', 'start', ...args] },
      { command: bin('vite'), args: ['web', '--config', 'web/vite.config.ts'] },
    ]);
  },
  bench: (args) => becomeScript('scripts/bench.ts', args),
  assurance: (args) => becomeScript('scripts/assurance.ts', args),
};

const [name = '', ...args] = process.argv.slice(2);
const task = tasks[name];
if (task === undefined) {
  console.error(`Unknown task ${JSON.stringify(name)}. There are: nexus, ${Object.keys(tasks).join(', ')}.`);
  process.exitCode = 2;
} else {
  try {
    await task(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
