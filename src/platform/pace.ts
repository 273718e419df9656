import { setImmediate as afterOthers } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** Gives the event loop one turn: what waits there goes first. */
export function nextTurn(): Promise<void> {
  return afterOthers();
}

/** Keeps long loops polite: `await pace.breathe()` gives the event loop a turn when the slice of time is used up. */
export type Pace = { breathe(): Promise<void> | undefined };

/**
 * `sliceMs` is the longest that a loop may keep the event loop, in milliseconds. Default 2: who else is served waits for
 * as many slices as it has steps.
 */
export function createPace(clock: Clock, sliceMs = 2): Pace {
  let sliceEndsMs = clock.monotonicMs() + sliceMs;
  return {
    breathe() {
      if (clock.monotonicMs() < sliceEndsMs) return undefined;
      return nextTurn().then(() => {
        sliceEndsMs = clock.monotonicMs() + sliceMs;
      });
    },
  };
}
