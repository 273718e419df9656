/** A long assurance run as rounds, each a run of its own with a seed of its own: what was interrupted goes on behind the last finished one. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AssuranceOutcome } from './assurance-program.ts';

type Rounds = {
  count: number;
  seed: number;
  /** Where the outcomes of finished rounds are kept until all are done or one failed. */
  file: string;
  run(seed: number, round: number): Promise<AssuranceOutcome>;
  log(line: string): void;
};

/** The first round that fails is the last one. */
export async function runRounds({ count, seed, file, run, log }: Rounds): Promise<AssuranceOutcome> {
  const outcomes = readOutcomes(file);
  if (outcomes.length > 0) log(`Goes on behind round ${outcomes.length} of ${count}.`);
  mkdirSync(path.dirname(file), { recursive: true });
  while (outcomes.length < count && outcomes.every(({ pass }) => pass)) {
    const round = outcomes.length + 1;
    log(`Round ${round} of ${count}.`);
    outcomes.push(await run(seed * 1000 + round, round));
    writeFileSync(file, JSON.stringify(outcomes));
  }
  rmSync(file, { force: true });
  return mergeOutcomes(outcomes, count);
}

function readOutcomes(file: string): AssuranceOutcome[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AssuranceOutcome[];
  } catch {
    // None yet, or cut in the middle of writing: begin anew.
    return [];
  }
}

/** Of figures that are counts the sum; of times, sizes and shares the worst round, as quantiles of rounds cannot be joined. */
export function mergeOutcomes(outcomes: readonly AssuranceOutcome[], count: number): AssuranceOutcome {
  const figures: AssuranceOutcome['figures'] = {};
  for (const outcome of outcomes) {
    for (const [name, value] of Object.entries(outcome.figures)) figures[name] = merged(name, figures[name], value);
  }
  return {
    n: outcomes.reduce((sum, { n }) => sum + n, 0),
    figures: { rounds: outcomes.length, ...figures },
    pass: outcomes.length === count && outcomes.every(({ pass }) => pass),
  };
}

type Figure = AssuranceOutcome['figures'][string];

const isMeasure = (name: string): boolean => /_(m?s|mib|kib|share|ratio)$/.test(name);

function merged(name: string, before: Figure | undefined, value: Figure): Figure {
  if (typeof value === 'number' && typeof before === 'number') {
    return isMeasure(name) ? Math.max(before, value) : before + value;
  }
  if (typeof value === 'boolean' && typeof before === 'boolean') return before && value;
  return value;
}
