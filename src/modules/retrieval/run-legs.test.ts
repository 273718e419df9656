import { describe, expect, it } from 'vitest';
import { runLegs } from './run-legs.ts';

const { signal } = new AbortController();
const never = () => new Promise<never>(() => undefined);

describe('runLegs', () => {
  it('starts every leg before one has ended', async () => {
    const started: string[] = [];
    const gate = Promise.withResolvers<void>();
    const wait = (leg: string) => async () => {
      started.push(leg);
      if (started.length === 2) gate.resolve();
      await gate.promise;
      return leg;
    };
    const { found, missing } = await runLegs({ one: wait('one'), two: wait('two') }, 5_000, signal);
    expect(Object.fromEntries(found)).toEqual({ one: 'one', two: 'two' });
    expect(missing).toEqual([]);
  });

  it('leaves out and names a late leg, and tells it to stop', async () => {
    let reason: unknown;
    const slow = (legSignal: AbortSignal) => {
      legSignal.addEventListener('abort', () => {
        reason = legSignal.reason;
      });
      return never();
    };
    const { found, missing } = await runLegs({ slow, fast: async () => 1 }, 20, signal);
    expect(found).toEqual(new Map([['fast', 1]]));
    expect(missing).toMatchObject([{ leg: 'slow', cause: { code: 'SEARCH_LEG_LATE' } }]);
    expect(reason).toMatchObject({ code: 'SEARCH_LEG_LATE' });
  });

  it('leaves out and names a failing leg, also one that throws at once', async () => {
    const legs = {
      rejects: async () => Promise.reject(new Error('no')),
      throws: () => {
        throw new Error('at once');
      },
    };
    const { found, missing } = await runLegs(legs, 1_000, signal);
    expect(found.size).toBe(0);
    expect(missing.map(({ leg }) => leg).sort()).toEqual(['rejects', 'throws']);
  });

  it('rejects with the caller’s reason as soon as the caller stops', async () => {
    const stopping = new AbortController();
    const work = runLegs({ stuck: never }, 60_000, stopping.signal);
    stopping.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    await expect(runLegs({ stuck: never }, 60_000, stopping.signal)).rejects.toThrow('gone');
  });
});
