/**
 * Runs one assurance program: `npm run assurance -- NAME [--full [--rounds N]] [--seed N]`, or `--list`. Each lies in
 * `test/assurance/NAME.ts` and exports `program`. The report goes to standard output as JSON; exit 1 when it fails. A full
 * run that was interrupted goes on where it stood when the same commit is asked for it again; `--rounds` does a part of it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { AssuranceProgram, AssuranceReport } from './assurance-program.ts';
import { runRounds } from './assurance-rounds.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'test/assurance');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

const names = fs
  .globSync('*.ts', { cwd: folder })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => path.basename(file, '.ts'))
  .sort();

const load = async (name: string): Promise<AssuranceProgram> => (await import(path.join(folder, `${name}.ts`))).program;

async function main(): Promise<void> {
  if (flags.list) {
    for (const name of names) console.log(`${name.padEnd(20)} ${(await load(name)).describe}`);
    return;
  }
  const [name, ...rest] = positionals;
  const seed = Number(flags.seed);
  const most = flags.rounds === undefined ? Number.POSITIVE_INFINITY : Number(flags.rounds);
  if (name === undefined || rest.length > 0 || !names.includes(name) || !Number.isSafeInteger(seed) || !(most >= 1)) {
    const usage = 'npm run assurance -- NAME [--full [--rounds N]] [--seed N]';
    console.error(`Usage: ${usage}. There are: ${names.join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const program = await load(name);
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const commit = currentCommit();
  const run = (seedOfRun: number) => program.run({ seed: seedOfRun, full: flags.full, log });
  // Rounds of different code are no run.
  const isKnownCode = /^[0-9a-f]+$/.test(commit);
  const file = isKnownCode ? path.join(root, '.assurance', `${name}-${seed}-${commit}.json`) : undefined;
  const outcome = flags.full
    ? await runRounds({ count: program.rounds ?? 1, until: most, seed, file, run, log })
    : await run(seed);
  const report: AssuranceReport = { name, commit, seed, ...outcome };
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.pass ? 0 : 1;
}

/** Marked `+changes` when the tree is not what the commit says; `unknown` for a copy without git. */
function currentCommit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return `${git('rev-parse', 'HEAD').trim()}${git('status', '--porcelain').trim() === '' ? '' : '+changes'}`;
  } catch {
    return 'unknown';
  }
}

await main();
