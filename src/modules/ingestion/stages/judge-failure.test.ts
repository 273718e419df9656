import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import { ingestionConfig } from '../config.ts';
import { type Failure, judgeFailure, toFailure } from './judge-failure.ts';

const config = ingestionConfig.parse({});
const crashed: Failure = { code: 'PARSER_CRASHED', kind: 'invalid', message: 'It crashed.' };
const busy: Failure = { code: 'PARSER_BUSY', kind: 'unavailable', message: 'Too many wait.' };
const slow: Failure = { code: 'DATABASE_TIMEOUT', kind: 'timeout', message: 'It took too long.' };
const full: Failure = { code: 'STORAGE_FULL', kind: 'storage-full', message: 'It is full.' };

/** Failures of one document, one after another, until it is given up or all of them have come. */
function suffer(failures: readonly Failure[]): number {
  let history = { failures: 0, faults: 0, failureCode: undefined as string | undefined };
  for (const [index, failure] of failures.entries()) {
    const judgement = judgeFailure(failure, history, config);
    if (judgement.isFinal) return index + 1;
    history = { failures: judgement.failures, faults: judgement.faults, failureCode: judgement.code };
  }
  return Number.POSITIVE_INFINITY;
}

const repeated = (failure: Failure, times: number) => Array.from({ length: times }, () => failure);

describe('a document is given up', () => {
  test('at once when the failure lies in the file', () => {
    expect(suffer([{ code: 'DOCUMENT_EMPTY', kind: 'invalid', message: 'It is empty.' }])).toBe(1);
  });

  test('at the third failure of one kind in a row, whatever outages were before', () => {
    expect(suffer(repeated(crashed, 5))).toBe(3);
    expect(suffer([...repeated(busy, 50), ...repeated(crashed, 5)])).toBe(53);
  });

  test('also when its failures take turns, or outages come in between', () => {
    const inTurns = (...kinds: Failure[]) => Array.from({ length: 1000 }, () => kinds).flat();
    expect(suffer(inTurns(crashed, slow))).toBeLessThan(20);
    expect(suffer(inTurns(crashed, busy))).toBeLessThan(40);
  });

  test('never for a full disk, and for an outage only when it lasts', () => {
    expect(suffer(repeated(full, 5000))).toBe(Number.POSITIVE_INFINITY);
    expect(suffer(repeated(busy, 5000))).toBe(config.outageRetries);
  });

  test('after a bounded number of failures that are its own, in any order', () => {
    const any = fc.array(fc.constantFrom(crashed, slow, busy, full), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(any, (failures) => {
        const end = Math.min(suffer(failures), failures.length);
        const own = failures.slice(0, end).filter(({ code }) => code === crashed.code || code === slow.code);
        expect(own.length).toBeLessThanOrEqual(config.sameFailureLimit * 3);
      }),
    );
  });
});

test('a lock that was not given in time says nothing about the document', () => {
  const waited = new AppError('DATABASE_TIMEOUT', 'timeout', 'Too long.', { details: { sqlState: '55P03' } });
  expect(suffer(repeated(toFailure(waited), 20))).toBe(Number.POSITIVE_INFINITY);
  const worked = new AppError('DATABASE_TIMEOUT', 'timeout', 'Too long.', { details: { sqlState: '57014' } });
  expect(suffer(repeated(toFailure(worked), 20))).toBe(3);
});
