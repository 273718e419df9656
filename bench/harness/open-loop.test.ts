import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openLoop, schedule } from './open-loop.ts';

/** Time that only moves when somebody waits; answers arrive when it passes their moment. */
function createManualTime() {
  let nowMs = 0;
  const waiting: { dueMs: number; resolve: () => void }[] = [];
  const advanceTo = async (targetMs: number) => {
    for (;;) {
      waiting.sort((a, b) => a.dueMs - b.dueMs);
      const next = waiting[0];
      if (next === undefined || next.dueMs > targetMs) break;
      waiting.shift();
      nowMs = Math.max(nowMs, next.dueMs);
      next.resolve();
      await new Promise(setImmediate);
    }
    nowMs = Math.max(nowMs, targetMs);
  };
  return {
    nowMs: () => nowMs,
    waitMs: (durationMs: number) => advanceTo(nowMs + durationMs),
    answerAt: (dueMs: number) => new Promise<void>((resolve) => waiting.push({ dueMs, resolve })),
    advanceTo,
  };
}

describe('the open loop', () => {
  test('spaces requests evenly, as many as rate times duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 5 }), (rate, seconds) => {
        const moments = schedule(rate, seconds * 1000);
        expect(moments).toHaveLength(rate * seconds);
        expect(moments[0]).toBe(0);
        for (const [index, moment] of moments.entries()) expect(moment).toBeCloseTo((index * 1000) / rate, 6);
      }),
      { numRuns: 25 },
    );
  });

  test('charges a stalled server with the waiting of every request that was due meanwhile', async () => {
    const time = createManualTime();
    const stallEndsMs = 500;
    const running = openLoop({
      ratePerSecond: 100,
      durationMs: 1000,
      time,
      send: () => (time.nowMs() < stallEndsMs ? time.answerAt(stallEndsMs) : Promise.resolve()),
    });
    const { latencyMs, sent, failures } = await running;
    expect({ sent, failures }).toEqual({ sent: 100, failures: {} });
    // A closed loop would have seen one slow request; here half of them waited, the first for the whole stall.
    expect(latencyMs?.max).toBe(500);
    expect(latencyMs?.p90).toBeCloseTo(400, -1.5);
  });

  test('counts failures by their message and keeps them out of the latencies', async () => {
    const result = await openLoop({
      ratePerSecond: 1000,
      durationMs: 10,
      time: createManualTime(),
      send: (index) => (index % 2 === 0 ? Promise.reject(new Error('status 503')) : Promise.resolve()),
    });
    expect(result.failures).toEqual({ 'status 503': 5 });
    expect(result.latencyMs?.count).toBe(5);
  });

  test('leaves out the warm-up and never holds more than the permitted number of requests', async () => {
    const time = createManualTime();
    let open = 0;
    let most = 0;
    const running = openLoop({
      ratePerSecond: 100,
      durationMs: 100,
      warmUpMs: 100,
      maxInFlight: 3,
      time,
      async send() {
        open += 1;
        most = Math.max(most, open);
        await time.answerAt(time.nowMs() + 45);
        open -= 1;
      },
    });
    await new Promise(setImmediate);
    await time.advanceTo(10_000);
    const result = await running;
    expect(most).toBe(3);
    expect(result.sent).toBe(10);
    expect(result.failures['too many in flight']).toBeGreaterThan(0);
  });
});
