/** Between two looks: events that are committed shortly after one another go together, as a look costs the same for one as for many. */
export const shortestPauseMs = 20;

export type PauseState = {
  /** Wait before the last look; undefined when nobody has announced anything since the relay was last idle. */
  lastMs: number | undefined;
};

/**
 * How long to wait before the next look. What was announced may still be held back by an older open transaction, so the
 * relay looks again soon, then less and less often, until it is idle again.
 */
export function decidePause(
  state: PauseState,
  { announced, intervalMs }: { announced: boolean; intervalMs: number },
): { pauseMs: number; next: PauseState } {
  if (announced) return { pauseMs: shortestPauseMs, next: { lastMs: shortestPauseMs } };
  if (state.lastMs === undefined) return { pauseMs: intervalMs, next: state };
  const pauseMs = Math.min(state.lastMs * 2, intervalMs);
  return { pauseMs, next: { lastMs: pauseMs === intervalMs ? undefined : pauseMs } };
}
