import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError, type ErrorKind } from '../errors.ts';
import { queueConfig } from './config.ts';
import { type JobHistory, judgeFailure, lostInARow, toFailure } from './retry-rule.ts';

const config = queueConfig.parse({});

/** What becomes of a job whose deliveries fail one after the other in these ways. */
function judgeAll(failures: { code: string; kind: ErrorKind }[], maxAttempts: number, chance = 0) {
  let history: JobHistory = {};
  const delaysMs: number[] = [];
  for (const [index, failure] of failures.entries()) {
    const verdict = judgeFailure(
      { ...failure, message: 'It failed.' },
      { history, delivery: index + 1, maxAttempts, config, chance },
    );
    if (verdict.kind === 'dead') return { deliveries: index + 1, reason: verdict.reason, delaysMs };
    history = verdict.history;
    delaysMs.push(verdict.delayMs);
  }
  return { deliveries: failures.length, reason: undefined, delaysMs };
}

const times = (count: number, kind: ErrorKind, code = 'SAME') => Array.from({ length: count }, () => ({ code, kind }));

describe('judging a failure', () => {
  it.each(['invalid', 'forbidden', 'not-found', 'unsupported', 'too-large', 'mismatch'] as const)(
    'never tries %s again',
    (kind) => expect(judgeAll(times(1, kind), 10)).toMatchObject({ deliveries: 1, reason: 'final' }),
  );

  it.each(['unavailable', 'limit', 'storage-full'] as const)(
    'takes %s for the fault of the world: as many attempts as the queue allows',
    (kind) => expect(judgeAll(times(20, kind), 10)).toMatchObject({ deliveries: 10, reason: 'attempts' }),
  );

  it.each(['bug', 'timeout'] as const)('calls the same %s three times in a row poison', (kind) => {
    expect(judgeAll(times(20, kind), 10)).toMatchObject({ deliveries: 3, reason: 'poison' });
    const other = { code: 'OTHER', kind };
    const mixed = [...times(2, kind), other, ...times(2, kind), other];
    expect(judgeAll(mixed, 10)).toMatchObject({ deliveries: 6, reason: undefined });
  });

  it('waits twice as long each time, up to the limit, and leaves half of it to chance', () => {
    expect(judgeAll(times(4, 'unavailable'), 20).delaysMs).toEqual([500, 1_000, 2_000, 4_000]);
    expect(judgeAll(times(4, 'unavailable'), 20, 0.999_999).delaysMs).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(judgeAll(times(15, 'unavailable'), 20).delaysMs.at(-1)).toBe(config.longestRetryMs / 2);
  });

  it('ends for every sequence of failures, after the attempts of the queue at the latest', () => {
    const failure = fc.record({
      code: fc.constantFrom('A', 'B', 'C'),
      kind: fc.constantFrom<ErrorKind>('conflict', 'unavailable', 'timeout', 'limit', 'bug', 'invalid', 'storage-full'),
    });
    fc.assert(
      fc.property(fc.array(failure, { minLength: 30, maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (all, most) => {
        const { deliveries, reason, delaysMs } = judgeAll(all, most, 0.5);
        expect(reason).toBeDefined();
        expect(deliveries).toBeLessThanOrEqual(most);
        expect(delaysMs.every((delayMs) => delayMs > 0 && delayMs <= config.longestRetryMs)).toBe(true);
      }),
    );
  });
});

it('counts the deliveries that nobody wrote an end of', () => {
  expect(lostInARow({}, 1)).toBe(0);
  expect(lostInARow({}, 4)).toBe(3);
  expect(lostInARow({ settled: 3 }, 4)).toBe(0);
  expect(lostInARow({ settled: 3 }, 6)).toBe(2);
});

it('names any error', () => {
  expect(toFailure(new AppError('CODE', 'limit', 'Full.'))).toEqual({ code: 'CODE', kind: 'limit', message: 'Full.' });
  expect(toFailure(new Error('broken'))).toEqual({ code: 'JOB_FAILED', kind: 'bug', message: 'broken' });
  expect(toFailure('thrown text')).toMatchObject({ code: 'JOB_FAILED', message: 'thrown text' });
  expect(toFailure(Object.assign(new Error('gone'), { code: '57P01' }))).toMatchObject({ kind: 'unavailable' });
});
