import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Bench, judge, runBench } from './harness.ts';

const sample: Bench = {
  name: 'sample',
  describe: 'Nothing in particular.',
  async run(context) {
    const { elapsedMs } = await context.repeat({ warmUp: 1, repetitions: 5, work: () => context.random.next() });
    context.result('draw', 'ms', elapsedMs);
    context.result('chosen', 'number', context.random.integer(1_000_000));
    context.result('memory', 'MiB', context.usageOf(process.pid).pssMiB);
    context.target('draws', 5, { atLeast: 5 });
  },
};

test('reports machine, versions, figures and targets', async () => {
  const report = await runBench(sample, { seed: 7 });
  expect(report.versions.node).toBe(process.versions.node);
  expect(report.results.map(({ name }) => name)).toEqual(['draw', 'chosen', 'memory']);
  expect(report.results[2]?.value).toBeGreaterThan(1);
  expect(report.targets).toEqual([{ name: 'draws', target: '≥ 5', value: 5, met: true }]);
});

test('draws the same numbers from the same seed', async () => {
  const chosen = async (seed: number) => (await runBench(sample, { seed })).results[1]?.value;
  expect(await chosen(7)).toBe(await chosen(7));
  expect(await chosen(7)).not.toBe(await chosen(8));
});

test('removes its folder, also when the bench fails', async () => {
  let folder = '';
  const failing: Bench = {
    ...sample,
    run(context) {
      folder = context.folder;
      return Promise.reject(new Error('broken bench'));
    },
  };
  await expect(runBench(failing, { seed: 1 })).rejects.toThrow('broken bench');
  expect(existsSync(folder)).toBe(false);
});

test('judges at the edge, and a value that is not a number meets nothing', () => {
  expect(judge('edge', 20, { atMost: 20 }).met).toBe(true);
  expect(judge('over', 20.1, { atMost: 20 }).met).toBe(false);
  expect(judge('nothing', Number.NaN, { atMost: 20 }).met).toBe(false);
});
