/** Where time comes from, so that tests and simulations can own it. */
export type Clock = {
  /** The present instant, UTC. */
  now(): Date;
  /** Milliseconds that only grow, with fractions; for measuring durations, meaningless as a date. */
  monotonicMs(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
