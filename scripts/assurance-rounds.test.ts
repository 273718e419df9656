import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AssuranceOutcome } from './assurance-program.ts';
import { mergeOutcomes, runRounds } from './assurance-rounds.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-rounds-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const outcome = (lost = 0): AssuranceOutcome => ({ n: 10, figures: { lost }, pass: lost === 0 });
const log = () => undefined;

describe('rounds', () => {
  test('go on behind the last finished one, each with a seed of its own', async () => {
    const file = path.join(folder, 'work', 'kill.json');
    const seeds: number[] = [];
    const run = async (seed: number) => {
      seeds.push(seed);
      return outcome();
    };
    expect(await runRounds({ count: 3, until: 2, seed: 7, file, log, run })).toMatchObject({ n: 20, pass: true });
    expect(existsSync(file)).toBe(true);
    expect(await runRounds({ count: 3, until: 1, seed: 7, file, log, run })).toMatchObject({ n: 20, pass: true });
    expect(await runRounds({ count: 3, seed: 7, file, log, run })).toMatchObject({
      n: 30,
      figures: { rounds: 3, lost: 0 },
      pass: true,
    });
    expect(seeds).toEqual([7001, 7002, 7003]);
    expect(existsSync(file)).toBe(false);
  });

  test.each([
    ['fails', async () => outcome(1), { lost: 1 }],
    ['throws', async () => Promise.reject(new Error('no answer')), { thrown: 'Error: no answer' }],
  ])('end with the first that %s', async (_, fail, figures) => {
    const file = path.join(folder, 'kill.json');
    const run = (seed: number) => (seed === 1002 ? fail() : Promise.resolve(outcome()));
    expect(await runRounds({ count: 3, seed: 1, file, log, run })).toMatchObject({ figures, pass: false });
    expect(existsSync(file)).toBe(false);
  });

  test('are told as the sum of their counts and the worst of their measures', () => {
    const of = (figures: AssuranceOutcome['figures']) => ({ n: 1, figures, pass: true });
    const first = {
      late_refusals: 1,
      longest_stop_ms: 30,
      bound_seconds: 20,
      longest_takeover_seconds: 14,
      within: true,
    };
    const second = {
      late_refusals: 2,
      longest_stop_ms: 20,
      bound_seconds: 20,
      longest_takeover_seconds: 15,
      within: false,
    };
    expect(mergeOutcomes([of(first), of(second)]).figures).toEqual({
      ...{ rounds: 2, late_refusals: 3, longest_stop_ms: 30, bound_seconds: 20, longest_takeover_seconds: 15 },
      within: false,
    });
  });
});
