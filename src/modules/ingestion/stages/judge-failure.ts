/** What a failure of one document means: its own fault, bad luck, or something that it needs is away. Pure. */
import { AppError, type ErrorKind } from '#platform/errors.ts';
import type { IngestionConfig } from '../config.ts';

export type Failure = { code: string; kind: ErrorKind; message: string };

export type Judgement = Failure & {
  isFinal: boolean;
  /** Failures of this code in a row, this one included. */
  failures: number;
  /** All failures that were no outage, this one included. */
  faults: number;
  /** Before it is tried again. */
  delaySeconds: number;
};

/** The world's fault or ours, and perhaps not there the next time. All others lie in the file or in what was asked. */
const retriedKinds: readonly ErrorKind[] = ['conflict', 'timeout', 'unavailable', 'limit', 'storage-full', 'bug'];

/** They fail every document alike, which says nothing about any of them. */
const outageKinds: readonly ErrorKind[] = ['unavailable', 'limit', 'storage-full'];

/** Of kind `invalid`, as the file is the likely cause, while a machine that runs out of memory does the same. */
const retriedCodes: readonly string[] = ['PARSER_CRASHED'];

const longestDelaySeconds = 600;
/** Space that is freed is to be used soon; and to look costs nothing. */
const longestDelayForSpaceSeconds = 30;
const mostDoublings = 16;
/** A document whose failures take turns is given up after so many times as many of them as of one in a row. */
const faultsPerSameFailure = 3;
/** What PostgreSQL says when others were long with the same collection. */
const lockNotGiven = '55P03';

export const isOutage = ({ kind }: Pick<Failure, 'kind'>): boolean => outageKinds.includes(kind);

export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof AppError && thrown.kind !== 'bug') {
    const { code, kind, message, details } = thrown;
    return { code, kind: details.sqlState === lockNotGiven ? 'unavailable' : kind, message };
  }
  // The text of an unexpected error may hold anything, and a person reads this one.
  const code = thrown instanceof AppError ? thrown.code : 'INTERNAL_ERROR';
  return { code, kind: 'bug', message: 'Something went wrong inside the server. The log tells what.' };
}

export function judgeFailure(
  failure: Failure,
  history: { failures: number; faults: number; failureCode: string | undefined },
  config: Pick<IngestionConfig, 'sameFailureLimit' | 'outageRetries' | 'retryDelayMs'>,
): Judgement {
  const failures = history.failureCode === failure.code ? history.failures + 1 : 1;
  const faults = history.faults + (isOutage(failure) ? 0 : 1);
  const isRetried = retriedKinds.includes(failure.kind) || retriedCodes.includes(failure.code);
  const delaySeconds = Math.min(
    failure.kind === 'storage-full' ? longestDelayForSpaceSeconds : longestDelaySeconds,
    Math.ceil((config.retryDelayMs * 2 ** Math.min(failures - 1, mostDoublings)) / 1000),
  );
  const isWornOut = failures >= limitOf(failure, config) || faults >= faultsPerSameFailure * config.sameFailureLimit;
  return { ...failure, isFinal: !isRetried || isWornOut, failures, faults, delaySeconds };
}

/** A full disk is paused for, however long that takes: nothing of the document or its source can be at fault. */
function limitOf(failure: Failure, config: Pick<IngestionConfig, 'sameFailureLimit' | 'outageRetries'>): number {
  if (failure.kind === 'storage-full') return Number.POSITIVE_INFINITY;
  return isOutage(failure) ? config.outageRetries : config.sameFailureLimit;
}
