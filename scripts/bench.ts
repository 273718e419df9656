/** Runs one bench: `npm run bench -- NAME [--json] [--seed N] [--size N] [--strict] [--no-peers]`, or `--list`. */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, BenchReport, Figure } from '../bench/harness.ts';
import { runBench } from '../bench/harness.ts';

const folder = path.resolve(import.meta.dirname, '../bench');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    size: { type: 'string' },
  },
});

const names = fs
  .globSync('*.ts', { cwd: folder })
  .filter((file) => file !== 'harness.ts' && !file.endsWith('.test.ts'))
  .map((file) => path.basename(file, '.ts'))
  .sort();

const load = async (name: string): Promise<Bench> => (await import(path.join(folder, `${name}.ts`))).bench;

async function main(): Promise<void> {
  if (flags.list) {
    for (const name of names) console.log(`${name.padEnd(12)} ${(await load(name)).describe}`);
    return;
  }
  const [name, ...rest] = positionals;
  const seed = Number(flags.seed);
  const size = flags.size === undefined ? undefined : Number(flags.size);
  const areNumbers = [seed, size ?? 1].every((number) => Number.isSafeInteger(number)) && (size ?? 1) > 0;
  if (name === undefined || rest.length > 0 || !names.includes(name) || !areNumbers) {
    console.error(
      `Usage: npm run bench -- NAME [--json] [--seed N] [--size N] [--strict] [--no-peers]. There are: ${names.join(', ')}.`,
    );
    process.exitCode = 2;
    return;
  }
  const report = await runBench(await load(name), { seed, size });
  console.log(flags.json ? JSON.stringify(report, null, 2) : table(report));
  if (flags.strict && report.targets.some((target) => !target.met)) process.exitCode = 1;
}

function table(report: BenchReport): string {
  const { cpu, cores, memoryGiB, system, loadAverage } = report.machine;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const width = Math.max(...[...report.results, ...report.targets].map((row) => row.name.length), 0);
  return [
    `${report.name}, seed ${report.seed}`,
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, load average ${loadAverage}`,
    versions.join(' · '),
    '',
    ...report.results.map((figure) => `${figure.name.padEnd(width)}  ${show(figure)}`),
    '',
    ...report.targets.map(
      ({ name, target, value, met }) =>
        `${name.padEnd(width)}  ${round(value)} (${target})  ${met ? 'met' : 'NOT MET'}`,
    ),
  ].join('\n');
}

function show({ value, unit }: Figure): string {
  if (typeof value === 'number') return `${round(value)} ${unit}`;
  if ('p95' in value) {
    const { p50, p95, p99, mean, count } = value;
    return `p50 ${round(p50)}  p95 ${round(p95)}  p99 ${round(p99)}  mean ${round(mean)} ${unit}  (n ${count})`;
  }
  const shares = [value.p50, value.p90, value.p99, value.p999, value.max].map(round);
  return `p50 ${shares[0]}  p90 ${shares[1]}  p99 ${shares[2]}  p99.9 ${shares[3]}  max ${shares[4]} ${unit}  (n ${value.count})`;
}

const round = (value: number) => Number(value.toPrecision(4));

await main();
