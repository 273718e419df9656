import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideOutcome } from './decide-outcome.ts';
import type { Answer } from './ports.ts';

const hourMs = 3_600_000;
const usual = {
  attempts: 1,
  failingForMs: 0,
  chance: 0.5,
  firstRetryMs: 5000,
  longestRetryMs: hourMs,
  giveUpAfterMs: 24 * hourMs,
};
const answered = (status: number, retryAfterMs?: number): Answer => ({ kind: 'answered', status, retryAfterMs });

describe('what follows from an answer', () => {
  it('delivers on 2xx, disables on 410, tries everything else again', () => {
    expect(decideOutcome(answered(204), usual)).toEqual({ kind: 'delivered', status: 204 });
    expect(decideOutcome(answered(410), usual)).toMatchObject({ kind: 'dead', status: 410 });
    for (const status of [301, 400, 404, 429, 500, 503]) {
      expect(decideOutcome(answered(status), usual)).toMatchObject({ kind: 'retry', status });
    }
    expect(decideOutcome({ kind: 'failed', reason: 'No.' }, usual)).toMatchObject({ kind: 'retry', reason: 'No.' });
  });

  it('keeps to the wait that the receiver asks for, up to the longest one', () => {
    expect(decideOutcome(answered(503, 60_000), usual)).toMatchObject({ waitMs: 60_000 });
    expect(decideOutcome(answered(503, 99 * hourMs), usual)).toMatchObject({ waitMs: hourMs });
  });

  it('tries for 24 h by its clock, less and less often, then gives up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 60, maxLength: 60 }),
        (chances) => {
          let nowMs = 0;
          let last: ReturnType<typeof decideOutcome> | undefined;
          const waits: number[] = [];
          for (let attempts = 1; attempts <= 200; attempts += 1) {
            const chance = chances[attempts % chances.length] ?? 0;
            last = decideOutcome(answered(500), { ...usual, attempts, chance, failingForMs: nowMs });
            if (last.kind !== 'retry') break;
            waits.push(last.waitMs);
            nowMs += last.waitMs;
          }
          expect(last?.kind).toBe('dead');
          expect(nowMs).toBeLessThanOrEqual(24 * hourMs);
          expect(nowMs).toBeGreaterThan(22 * hourMs);
          expect(waits.length).toBeGreaterThan(25);
          expect(waits.length).toBeLessThan(50);
          for (const [index, waitMs] of waits.entries()) {
            const planned = Math.min(5000 * 2 ** index, hourMs);
            expect(waitMs).toBeGreaterThanOrEqual(Math.floor(planned * 0.8));
            expect(waitMs).toBeLessThanOrEqual(Math.ceil(planned * 1.2));
          }
        },
      ),
    );
  });
});
