/** What must be green before a change is shown: types, lint, import graph, dead code, architecture and pure tests. */
import picocolors from 'picocolors';
import { bin, type Captured, capture } from './run.ts';

type Check = { name: string; tool: string; args: string[] };
type Outcome = Captured & { name: string };

/** Only what changed is judged again; what was judged is kept beside the packages. */
const incremental = (name: string) => ['--incremental', '--tsBuildInfoFile', `node_modules/.cache/${name}.tsbuildinfo`];

/** The long ones first, so that two lanes end together. */
const checks: Check[] = [
  { name: 'tests', tool: 'vitest', args: ['run', '--project', 'unit', '--project', 'architecture', '--reporter=dot'] },
  { name: 'types', tool: 'tsc', args: ['-p', '.', ...incremental('types')] },
  { name: 'imports', tool: 'depcruise', args: ['--config', '.dependency-cruiser.mjs', 'src', 'web/src'] },
  { name: 'dead code', tool: 'knip', args: [] },
  { name: 'web types', tool: 'tsc', args: ['-p', 'web', ...incremental('web-types')] },
  { name: 'lint', tool: 'biome', args: ['check', '.'] },
];

const lanes = 2;

/** Prints a table, and below it what the failed ones said. True when all passed. `only` picks checks by name. */
export async function runChecks({ only }: { only: string[] }): Promise<boolean> {
  const startMs = performance.now();
  const wanted = checks.filter((check) => only.length === 0 || only.includes(check.name));
  if (wanted.length === 0)
    throw new Error(`No such check. There are: ${checks.map((check) => check.name).join(', ')}.`);
  const outcomes = await runInLanes(wanted);
  printTable(wanted, outcomes);
  const failed = outcomes.filter((outcome) => outcome.code !== 0);
  for (const outcome of failed) console.log(`\n${picocolors.bold(outcome.name)}\n${outcome.output.trim()}`);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`\n${outcomes.length - failed.length} passed, ${failed.length} failed in ${seconds} s`);
  return failed.length === 0;
}

async function runInLanes(queue: Check[]): Promise<Outcome[]> {
  const waiting = [...queue];
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      outcomes.push({ name: check.name, ...(await capture(bin(check.tool), check.args)) });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

function printTable(wanted: Check[], outcomes: Outcome[]): void {
  for (const { name } of wanted) {
    const outcome = outcomes.find((candidate) => candidate.name === name);
    if (outcome === undefined) throw new Error(`The check ${name} did not report.`);
    const state = outcome.code === 0 ? picocolors.green('ok') : picocolors.red('failed');
    console.log(`${name.padEnd(12)} ${outcome.seconds.toFixed(1).padStart(6)} s  ${state}`);
  }
}
