/** Follows a log of changes in its order, and knows the position that has been reached and applied. */
import type { Clock } from '#platform/clock.ts';
import type { Position } from '#platform/postgres/change-order.ts';
import { waitFor } from '#platform/wait-for.ts';

export type ChangeFollower = {
  /** Takes the present position and begins to follow; harmless when it has begun. Everything before it is not followed. */
  start(): Promise<void>;
  /** Everything up to here has been applied. Undefined before `start`. */
  position(): Position | undefined;
  /** A change at this position was committed by this process: look at once. */
  announce(position: Position): void;
  /** True when the position was reached before the deadline (monotonic milliseconds). */
  waitFor(position: Position, deadlineMs: number): Promise<boolean>;
  close(): Promise<void>;
};

type Dependencies<Change> = {
  currentPosition(): Promise<Position>;
  /** Changes after a position, in order, at most `limit`. */
  changesAfter(position: Position, limit: number): Promise<Change[]>;
  comparePositions(left: Position, right: Position): number;
  /** Must succeed for the position to move on; is called again with the same changes otherwise. */
  apply(changes: Change[]): Promise<void>;
  onError(error: unknown): void;
  clock: Clock;
  /** How often an idle follower looks for changes of other processes, in milliseconds. */
  intervalMs: number;
};

const changesPerRead = 500;
/** Wait between two looks for a change that is committed here but held back by an older open transaction. */
const heldBackRetryMs = 3;
const retryAfterFailureMs = 1000;

export function createChangeFollower<Change extends { position: Position }>(
  dependencies: Dependencies<Change>,
): ChangeFollower {
  const { comparePositions, clock } = dependencies;
  let reached: Position | undefined;
  let wanted: Position | undefined;
  let stopped = false;
  let wake: () => void = () => undefined;
  let starting: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  const isBehind = (target: Position | undefined) =>
    target !== undefined && (reached === undefined || comparePositions(reached, target) < 0);

  function want(target: Position): void {
    if (wanted === undefined || comparePositions(wanted, target) < 0) wanted = target;
    wake();
  }

  async function followOnce(after: Position): Promise<number> {
    const changes = await dependencies.changesAfter(after, changesPerRead);
    if (changes.length > 0) await dependencies.apply(changes);
    reached = changes.at(-1)?.position ?? after;
    return changes.length;
  }

  async function followUntilClosed(first: Position): Promise<void> {
    reached = first;
    while (!stopped) {
      try {
        const found = await followOnce(reached);
        if (found === changesPerRead) continue;
        if (isBehind(wanted)) await waitFor(heldBackRetryMs);
        else await idle(dependencies.intervalMs);
      } catch (error) {
        if (stopped) return;
        dependencies.onError(error);
        await idle(retryAfterFailureMs);
      }
    }
  }

  /** Waits for the interval or for whoever wakes us. */
  function idle(intervalMs: number): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, intervalMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    position: () => reached,
    start() {
      starting ??= dependencies.currentPosition().then(
        (current) => {
          following = followUntilClosed(current);
        },
        (error: unknown) => {
          starting = undefined;
          throw error;
        },
      );
      return starting;
    },
    announce(position) {
      if (starting !== undefined) want(position);
    },
    async waitFor(position, deadlineMs) {
      while (isBehind(position)) {
        if (stopped || clock.monotonicMs() > deadlineMs) {
          // Nobody may keep the follower in haste with a position that does not come; who still waits asks again.
          wanted = undefined;
          return false;
        }
        if (!isBehind(wanted)) want(position);
        await waitFor(heldBackRetryMs);
      }
      return true;
    },
    async close() {
      stopped = true;
      wake();
      await following;
    },
  };
}
