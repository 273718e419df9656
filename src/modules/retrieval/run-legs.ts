import { AppError } from '#platform/errors.ts';
import { withDeadline } from '#platform/lifecycle/with-deadline.ts';

/** Ways to search that run side by side, by name. */
export type Legs<Found> = Record<string, (signal: AbortSignal) => Promise<Found>>;

export type LegOutcomes<Found> = {
  /** What each leg found; a leg that was late or failed is absent. */
  found: Map<string, Found>;
  missing: { leg: string; cause: unknown }[];
};

/**
 * Runs all legs at once, each at most `deadlineMs`. A late leg is told to stop and left out, a failing one is left out.
 * Rejects only when the caller's own signal aborts, with its reason.
 */
export async function runLegs<Found>(
  legs: Legs<Found>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<LegOutcomes<Found>> {
  signal.throwIfAborted();
  const found = new Map<string, Found>();
  const missing: LegOutcomes<Found>['missing'] = [];
  const run = async (leg: string, work: (signal: AbortSignal) => Promise<Found>): Promise<void> => {
    const own = new AbortController();
    const late = (): Error => {
      const error = new AppError('SEARCH_LEG_LATE', 'timeout', `The ${leg} leg of the search took too long.`);
      own.abort(error);
      return error;
    };
    try {
      const either = AbortSignal.any([signal, own.signal]);
      found.set(leg, await withDeadline(untilAborted(work(either), signal), deadlineMs, late));
    } catch (cause) {
      missing.push({ leg, cause });
    }
  };
  await Promise.all(Object.entries(legs).map(([leg, work]) => run(leg, work)));
  signal.throwIfAborted();
  return { found, missing };
}

/** Rejects as soon as the caller gives up, also when the work does not listen to its signal. */
async function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
