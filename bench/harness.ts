/**
 * What a bench is made of. Each file beside this one exports `bench`; `npm run bench -- NAME` runs it in its own
 * process through `runBench`. Figures go to `context.result`, promises to `context.target`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { baseVersions, describeMachine, loadPeer, type Machine, projectRoot } from './harness/machine.ts';
import { type OpenLoopOptions, type OpenLoopResult, openLoop } from './harness/open-loop.ts';
import { type Quantiles, type Summary, summarise } from './harness/percentiles.ts';
import { ownUsage, type ProcessUsage, usageOf } from './harness/process-usage.ts';
import { createSeededRandom, type SeededRandom } from './harness/seeded-random.ts';

export type Bench = {
  /** The file's name without its ending. */
  name: string;
  /** One sentence for `--list`: what is measured, against whom. */
  describe: string;
  run(context: BenchContext): Promise<void>;
};

export type Figure = { name: string; unit: string; value: number | Summary | Quantiles };
export type Target = { name: string; target: string; value: number; met: boolean };
export type BenchReport = {
  name: string;
  seed: number;
  machine: Machine;
  versions: Record<string, string>;
  results: Figure[];
  targets: Target[];
};

export type Repetition = {
  /** Runs before the counted ones. Default 3. */
  warmUp?: number;
  /** Counted runs. Default 20. */
  repetitions?: number;
  work(index: number): Promise<unknown> | unknown;
};

export type BenchContext = {
  seed: number;
  /** How much to measure, where a bench can do more or less; undefined: its own default. */
  size: number | undefined;
  random: SeededRandom;
  /** An empty folder, deleted after the bench. */
  folder: string;
  projectRoot: string;
  /** Adds one figure or one series to the report. */
  result(name: string, unit: string, value: number | Summary | Quantiles): void;
  /** Adds a promise: the value must stay at most, or reach at least, the bound. */
  target(name: string, value: number, bound: { atMost: number } | { atLeast: number }): void;
  /** Milliseconds of each counted run, and this process's CPU milliseconds for one run on average. */
  repeat(options: Repetition): Promise<{ elapsedMs: Summary; cpuMsPerRun: number }>;
  openLoop(options: OpenLoopOptions): Promise<OpenLoopResult>;
  /** CPU time and memory of a process and its children, from the kernel. Linux only. */
  usageOf(pid: number): ProcessUsage;
  /** A library from `bench/peers`, its version noted in the report; undefined when it is not installed. */
  peer<Module>(name: string): Promise<Module | undefined>;
  /** To the terminal's error stream, so that JSON on the other stays whole. */
  log(line: string): void;
};

export async function runBench(
  bench: Bench,
  { seed, size }: { seed: number; size?: number | undefined },
): Promise<BenchReport> {
  const report: BenchReport = {
    name: bench.name,
    seed,
    machine: describeMachine(),
    versions: baseVersions(),
    results: [],
    targets: [],
  };
  const folder = mkdtempSync(path.join(tmpdir(), `nexus-bench-${bench.name}-`));
  try {
    await bench.run(createContext(report, folder, size));
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function createContext(report: BenchReport, folder: string, size: number | undefined): BenchContext {
  return {
    seed: report.seed,
    size,
    random: createSeededRandom(report.seed),
    folder,
    projectRoot,
    result: (name, unit, value) => void report.results.push({ name, unit, value }),
    target: (name, value, bound) => void report.targets.push(judge(name, value, bound)),
    repeat,
    openLoop,
    usageOf,
    async peer<Module>(name: string) {
      const found = await loadPeer<Module>(name);
      if (found !== undefined) report.versions[name] = found.version;
      return found?.module;
    },
    log: (line) => void process.stderr.write(`${line}\n`),
  };
}

export function judge(name: string, value: number, bound: { atMost: number } | { atLeast: number }): Target {
  // A value that is not a number meets nothing.
  if ('atMost' in bound) return { name, target: `≤ ${bound.atMost}`, value, met: value <= bound.atMost };
  return { name, target: `≥ ${bound.atLeast}`, value, met: value >= bound.atLeast };
}

async function repeat({ warmUp = 3, repetitions = 20, work }: Repetition) {
  for (let index = 0; index < warmUp; index += 1) await work(index);
  const elapsed: number[] = [];
  const cpuBefore = ownUsage().cpuSeconds;
  for (let index = 0; index < repetitions; index += 1) {
    const startMs = performance.now();
    await work(warmUp + index);
    elapsed.push(performance.now() - startMs);
  }
  const cpuMsPerRun = ((ownUsage().cpuSeconds - cpuBefore) * 1000) / repetitions;
  return { elapsedMs: summarise(elapsed), cpuMsPerRun };
}
