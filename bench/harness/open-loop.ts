/**
 * Load at a fixed rate without coordinated omission: requests leave when the schedule says, whether or not earlier ones
 * were answered, and a latency counts from the moment the request should have left.
 */
import { type Summary, summarise } from './percentiles.ts';

export type OpenLoopOptions = {
  ratePerSecond: number;
  durationMs: number;
  /** Requests of this first part are sent and not counted. Default 0. */
  warmUpMs?: number;
  /** More than this many unanswered requests: further ones fail at once as `too many in flight`. Default 1,000. */
  maxInFlight?: number;
  /** Sends one request and reads its answer to the end; throws when it is not the right one. */
  send(index: number): Promise<void>;
  /** Default: the monotonic clock and timers. */
  time?: { nowMs(): number; waitMs(durationMs: number): Promise<void> };
};

export type OpenLoopResult = {
  sent: number;
  /** From the scheduled moment to the end of the answer, in milliseconds. Undefined when nothing succeeded. */
  latencyMs: Summary | undefined;
  /** How late requests left the generator; large values mean that the generator was the limit. */
  latenessMs: Summary;
  failures: Record<string, number>;
  achievedPerSecond: number;
};

const realTime = {
  nowMs: () => performance.now(),
  waitMs: (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs)),
};

/** Moments, in milliseconds after the start, at which requests leave: evenly spaced, the first at 0. */
export function schedule(ratePerSecond: number, durationMs: number): number[] {
  if (!(ratePerSecond > 0 && durationMs > 0)) throw new RangeError('Rate and duration must be positive.');
  const count = Math.max(1, Math.floor((ratePerSecond * durationMs) / 1000 + 1e-9));
  return Array.from({ length: count }, (_, index) => (index * 1000) / ratePerSecond);
}

export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const time = options.time ?? realTime;
  const warmUpMs = options.warmUpMs ?? 0;
  const record = createRecord();
  const unanswered = new Set<Promise<void>>();
  const startMs = time.nowMs();

  for (const [index, offsetMs] of schedule(options.ratePerSecond, warmUpMs + options.durationMs).entries()) {
    const dueMs = startMs + offsetMs;
    const aheadMs = dueMs - time.nowMs();
    if (aheadMs > 0) await time.waitMs(aheadMs);
    const counts = offsetMs >= warmUpMs;
    if (counts) record.left(time.nowMs() - dueMs);
    if (unanswered.size >= (options.maxInFlight ?? 1000)) {
      if (counts) record.failed(new Error('too many in flight'));
      continue;
    }
    const answer = options.send(index).then(
      () => counts && record.answered(time.nowMs() - dueMs),
      (error: unknown) => counts && record.failed(error),
    );
    const settled: Promise<void> = answer.then(() => void unanswered.delete(settled));
    unanswered.add(settled);
  }
  await Promise.all(unanswered);
  return record.result(time.nowMs() - startMs - warmUpMs);
}

function createRecord() {
  const latencies: number[] = [];
  const lateness: number[] = [];
  const failures: Record<string, number> = {};
  return {
    left: (lateMs: number) => void lateness.push(Math.max(0, lateMs)),
    answered: (latencyMs: number) => void latencies.push(latencyMs),
    failed(error: unknown) {
      const reason = error instanceof Error ? error.message : String(error);
      failures[reason] = (failures[reason] ?? 0) + 1;
    },
    result: (elapsedMs: number): OpenLoopResult => ({
      sent: lateness.length,
      latencyMs: latencies.length > 0 ? summarise(latencies) : undefined,
      latenessMs: summarise(lateness),
      failures,
      achievedPerSecond: (latencies.length * 1000) / elapsedMs,
    }),
  };
}
