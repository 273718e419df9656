/**
 * A long assurance run as rounds, each a run of its own with a seed of its own: what was killed goes on behind the last
 * finished one.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AssuranceOutcome } from './assurance-program.ts';

type Rounds = {
  /** Of the whole run. */
  count: number;
  /** Rounds that shall be finished at the end of this call; default: all. */
  until?: number;
  seed: number;
  /** Where the outcomes of finished rounds are kept until all are done or one failed; undefined: nowhere. */
  file: string | undefined;
  run(seed: number): Promise<AssuranceOutcome>;
  log(line: string): void;
};

/** The first round that fails is the last one. A round that throws has failed. */
export async function runRounds({ count, until = count, seed, file, run, log }: Rounds): Promise<AssuranceOutcome> {
  const outcomes = readOutcomes(file);
  const goal = Math.min(count, Math.max(until, outcomes.length));
  if (outcomes.length > 0) log(`Goes on behind round ${outcomes.length} of ${count}.`);
  while (outcomes.length < goal && hasPassed(outcomes)) {
    const round = outcomes.length + 1;
    log(`Round ${round} of ${count}.`);
    outcomes.push(await run(seed * 1000 + round).catch(toFailure));
    writeOutcomes(file, outcomes);
  }
  if (file !== undefined && (outcomes.length >= count || !hasPassed(outcomes))) rmSync(file, { force: true });
  const merged = mergeOutcomes(outcomes);
  return { ...merged, pass: merged.pass && outcomes.length >= goal };
}

const hasPassed = (outcomes: readonly AssuranceOutcome[]): boolean => outcomes.every(({ pass }) => pass);

const toFailure = (error: unknown): AssuranceOutcome => ({ n: 0, figures: { thrown: String(error) }, pass: false });

function readOutcomes(file: string | undefined): AssuranceOutcome[] {
  try {
    return file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as AssuranceOutcome[]);
  } catch {
    // None yet, or cut in the middle of writing: begin anew.
    return [];
  }
}

function writeOutcomes(file: string | undefined, outcomes: readonly AssuranceOutcome[]): void {
  if (file === undefined) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(outcomes));
}

/** Of counts the sum; of times, sizes, shares and bounds the worst round, as quantiles of rounds cannot be joined. */
export function mergeOutcomes(outcomes: readonly AssuranceOutcome[]): AssuranceOutcome {
  const figures: AssuranceOutcome['figures'] = {};
  for (const outcome of outcomes) {
    for (const [name, value] of Object.entries(outcome.figures)) figures[name] = merged(name, figures[name], value);
  }
  return {
    n: outcomes.reduce((sum, { n }) => sum + n, 0),
    figures: outcomes.length > 1 ? { rounds: outcomes.length, ...figures } : figures,
    pass: hasPassed(outcomes),
  };
}

type Figure = AssuranceOutcome['figures'][string];

const isMeasure = (name: string): boolean => /_(?:m?s|seconds|mib|kib|share|ratio|per_1000_requests)$/.test(name);

function merged(name: string, before: Figure | undefined, value: Figure): Figure {
  if (typeof value === 'number' && typeof before === 'number') {
    return isMeasure(name) ? Math.max(before, value) : before + value;
  }
  if (typeof value === 'boolean' && typeof before === 'boolean') return before && value;
  return value;
}
