/** Commits each planted fault twice: without a sandbox, where the checks must see it, and in it, where nothing may come of it. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createChildProcessParser } from '#modules/ingestion/adapters/child-process-parser.ts';
import { isAppError } from '#platform/errors.ts';
import { createChildPool } from '#platform/sandbox/child-pool.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';
import type { Canaries } from './canaries.ts';
import { watchMemory } from './memory-watch.ts';
import { type Fault, faults, plantedFormat } from './planted-faults.ts';

const root = path.resolve(import.meta.dirname, '../..');
const entry = path.join(import.meta.dirname, 'planted-faults.ts');
const boundMs = 2_000;
const boundMiB = 512;

type Place = { folder: string; canaries: Canaries };
type Outcome = { text: string; elapsedMs: number; peakMiB: number; escapes: number };

export async function tryPlantedFaults(place: Place) {
  const pool = createChildPool({
    entry: new URL(`file://${entry}`),
    readable: ['src', 'node_modules', 'package.json', 'test/support'].map((name) => path.join(root, name)),
    config: sandboxConfig.parse({ size: 1, deadlineMs: boundMs }),
  });
  const parser = createChildProcessParser({ pool, formats: [plantedFormat] });
  const inSandbox = (fault: Fault, argument: string): Promise<string> =>
    parser
      .parse(
        plantedFormat,
        { filename: 'a.planted', bytes: Buffer.from(`${fault} ${argument}`) },
        new AbortController().signal,
      )
      .then(
        ({ text }) => text,
        (error: unknown) => (isAppError(error) ? error.code : String(error)),
      );
  const lines: string[] = [];
  let [seen, contained] = [0, 0];
  try {
    for (const fault of faults) {
      const bare = await measure(fault, place, 'bare', (argument) => runBare(fault, argument, place.canaries));
      const boxed = await measure(fault, place, 'boxed', (argument) => inSandbox(fault, argument));
      if (isSeen(bare, place.canaries)) seen += 1;
      if (!isSeen(boxed, place.canaries)) contained += 1;
      lines.push(
        `planted ${fault}: bare ${tell(bare, place.canaries)}, in the sandbox ${tell(boxed, place.canaries)} (${boxed.text.slice(0, 40)})`,
      );
    }
  } finally {
    await pool.close();
  }
  return { planted: faults.length, seen, contained, lines };
}

async function measure(
  fault: Fault,
  { folder, canaries }: Place,
  mode: string,
  run: (argument: string) => Promise<string>,
): Promise<Outcome> {
  canaries.reset();
  const target = path.join(folder, `${canaries.name}-${fault}-${mode}`);
  const argument = { connect: String(canaries.port), read: canaries.file }[fault as string] ?? target;
  const memory = watchMemory(process.pid, 'planted-faults');
  const startMs = performance.now();
  const text = await run(argument);
  const elapsedMs = performance.now() - startMs;
  const peakMiB = memory.peakMiB();
  memory.close();
  const connections = canaries.escapes().filter((line) => line.includes('connections')).length;
  const wrote = existsSync(target) ? 1 : 0;
  rmSync(target, { force: true });
  return { text, elapsedMs, peakMiB, escapes: connections + wrote };
}

/** The same bounds as for the server's readers: time, memory, files and connections, secrets. */
function isSeen({ text, elapsedMs, peakMiB, escapes }: Outcome, canaries: Canaries): boolean {
  return elapsedMs > 2 * boundMs || peakMiB > boundMiB || escapes > 0 || canaries.foundIn(text) !== undefined;
}

const tell = (outcome: Outcome, canaries: Canaries): string =>
  isSeen(outcome, canaries) ? 'seen' : 'nothing came of it';

/** With the secret in its environment, ended when it does not end itself. */
function runBare(fault: Fault, argument: string, canaries: Canaries): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [entry, '--bare', fault, argument], {
      env: { PATH: process.env.PATH, [canaries.variable]: canaries.secret },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    const force = setTimeout(() => child.kill('SIGKILL'), 2 * boundMs + 1_000);
    child.on('close', () => {
      clearTimeout(force);
      resolve(text);
    });
  });
}
