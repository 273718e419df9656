import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AssuranceOutcome } from './assurance-program.ts';
import { runRounds } from './assurance-rounds.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-rounds-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const outcome = (lost: number, p99: number): AssuranceOutcome => ({
  n: 10,
  figures: { lost, ready_p99_ms: p99, within: p99 < 100 },
  pass: lost === 0,
});

describe('rounds', () => {
  test('go on behind the last finished one after an interruption, each with a seed of its own', async () => {
    const file = path.join(folder, 'work', 'kill.json');
    const seeds: number[] = [];
    const rounds = (run: (round: number) => AssuranceOutcome) =>
      runRounds({
        count: 3,
        seed: 7,
        file,
        log: () => undefined,
        run: async (seed, round) => {
          seeds.push(seed);
          return run(round);
        },
      });
    const interrupted = rounds((round) => {
      if (round === 2) throw new Error('the power failed');
      return outcome(0, 50);
    });
    await expect(interrupted).rejects.toThrow('the power failed');
    const merged = await rounds((round) => outcome(0, round * 40));
    expect(seeds).toEqual([7001, 7002, 7002, 7003]);
    expect(merged).toEqual({
      n: 30,
      figures: { rounds: 3, lost: 0, ready_p99_ms: 120, within: false },
      pass: true,
    });
    expect(existsSync(file)).toBe(false);
  });

  test('end with the first that fails', async () => {
    const file = path.join(folder, 'kill.json');
    const run = async (_seed: number, round: number) => outcome(round === 2 ? 1 : 0, 10);
    const merged = await runRounds({ count: 3, seed: 1, file, log: () => undefined, run });
    expect(merged).toMatchObject({ n: 20, figures: { rounds: 2, lost: 1 }, pass: false });
    expect(existsSync(file)).toBe(false);
  });
});
