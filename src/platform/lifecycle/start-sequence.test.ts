import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { awaitParts, runStartSequence } from './start-sequence.ts';

const never = () => new Promise<void>(() => undefined);

describe('the start sequence', () => {
  it('runs its steps one after another and tells how long each took', async () => {
    const events: string[] = [];
    const step = (name: string) => ({ name, run: async () => void events.push(name) });
    const took: string[] = [];
    await runStartSequence([step('infrastructure'), step('migrations'), step('traffic')], {
      onStep: (name, tookMs) => took.push(`${name} ${typeof tookMs}`),
    });
    expect(events).toEqual(['infrastructure', 'migrations', 'traffic']);
    expect(took).toEqual(['infrastructure number', 'migrations number', 'traffic number']);
  });

  it('names the step that is late', async () => {
    const run = runStartSequence([{ name: 'migrations', run: never }], { timeoutMs: 20 });
    await expect(run).rejects.toMatchObject({ code: 'START_INCOMPLETE', details: { missing: ['migrations'] } });
  });

  it('lets the error of a step through and does not go on', async () => {
    const failure = new AppError('PORT_IN_USE', 'conflict', 'The port is in use.');
    const events: string[] = [];
    const run = runStartSequence([
      { name: 'http', run: () => Promise.reject(failure) },
      { name: 'traffic', run: async () => void events.push('traffic') },
    ]);
    await expect(run).rejects.toBe(failure);
    expect(events).toEqual([]);
  });
});

describe('awaiting parts', () => {
  it('asks again until each has answered', async () => {
    let refusals = 3;
    const check = async () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('not yet');
    };
    await awaitParts([{ name: 'database', check }], { retryMs: 1, timeoutMs: 1_000 });
    expect(refusals).toBe(-1);
  });

  it('names everything that is missing, also what hangs, and why', async () => {
    const parts = [
      { name: 'database', check: () => Promise.reject(new Error('Connection refused.')) },
      { name: 'cache', check: async () => undefined },
      { name: 'broker', check: never },
    ];
    await expect(awaitParts(parts, { retryMs: 5, timeoutMs: 30 })).rejects.toMatchObject({
      code: 'START_INCOMPLETE',
      details: { missing: ['database', 'broker'] },
      message: expect.stringContaining('Connection refused.'),
    });
  });
});
