import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { comparePositions, type Position } from '#platform/postgres/change-order.ts';
import { waitFor } from '#platform/wait-for.ts';
import { type ChangeFollower, createChangeFollower } from './change-follower.ts';

type Change = { position: Position };

const at = (xid: number): Position => ({ xid: String(xid), id: '00000000-0000-7000-8000-000000000000' });

/** A log whose changes can be written and still be held back, as by an older open transaction. */
function createLog() {
  const written: Change[] = [];
  const applied: string[] = [];
  const errors: unknown[] = [];
  const state = { heldBackFrom: Number.POSITIVE_INFINITY, failReads: 0, failApplies: 0, reads: 0 };
  const source = {
    currentPosition: async () => at(0),
    async changesAfter(position: Position, limit: number) {
      state.reads += 1;
      if (state.failReads > 0) {
        state.failReads -= 1;
        throw new Error('the log cannot be read');
      }
      return written
        .filter((one) => comparePositions(one.position, position) > 0 && Number(one.position.xid) < state.heldBackFrom)
        .slice(0, limit);
    },
    async apply(changes: Change[]) {
      if (state.failApplies > 0) {
        state.failApplies -= 1;
        throw new Error('a change cannot be applied');
      }
      applied.push(...changes.map((one) => one.position.xid));
    },
  };
  return { written, applied, errors, state, source };
}

type Log = ReturnType<typeof createLog>;

const opened: ChangeFollower[] = [];
afterEach(() => Promise.all(opened.splice(0).map((follower) => follower.close())));

/** An interval that no test waits for, unless it says so. */
function follow({ source, errors }: Log, intervalMs = 60_000): ChangeFollower {
  const follower = createChangeFollower<Change>({
    ...source,
    comparePositions,
    onError: (error) => errors.push(error),
    clock: systemClock,
    intervalMs,
  });
  opened.push(follower);
  return follower;
}

const soon = (timeoutMs = 2000) => performance.now() + timeoutMs;

describe('a follower', () => {
  test('has no position before its start, and the present one after it', async () => {
    const follower = follow(createLog());
    expect(follower.position()).toBeUndefined();
    await follower.start();
    expect(follower.position()).toEqual(at(0));
  });

  test('applies an announced change at once, and every change once and in order', async () => {
    const log = createLog();
    const follower = follow(log);
    await follower.start();
    for (let xid = 1; xid <= 1200; xid += 1) log.written.push({ position: at(xid) });
    follower.announce(at(1200));
    expect(await follower.waitFor(at(1200), soon())).toBe(true);
    expect(log.applied).toEqual(log.written.map((one) => one.position.xid));
  });

  test('sees a change of another process, which nobody announces, at its interval', async () => {
    const log = createLog();
    const follower = follow(log, 20);
    await follower.start();
    log.written.push({ position: at(1) });
    await expect.poll(() => log.applied).toEqual(['1']);
  });

  test('waits for a change that is held back, and says when it did not come in time', async () => {
    const log = createLog();
    log.state.heldBackFrom = 2;
    const follower = follow(log);
    await follower.start();
    log.written.push({ position: at(1) }, { position: at(2) });
    expect(await follower.waitFor(at(2), soon(60))).toBe(false);
    expect(follower.position()).toEqual(at(1));
    setTimeout(() => {
      log.state.heldBackFrom = 3;
    }, 40);
    expect(await follower.waitFor(at(2), soon())).toBe(true);
  });

  test('stays in haste for one who waits when another one gives up', async () => {
    const log = createLog();
    log.state.heldBackFrom = 2;
    const follower = follow(log);
    await follower.start();
    log.written.push({ position: at(2) });
    const never = follower.waitFor(at(999), soon(30));
    const patient = follower.waitFor(at(2), soon(1500));
    expect(await never).toBe(false);
    await waitFor(30);
    log.state.heldBackFrom = 3;
    expect(await patient).toBe(true);
  });

  test('comes to rest after a wait for a position that never came', async () => {
    const log = createLog();
    const follower = follow(log);
    await follower.start();
    expect(await follower.waitFor(at(999), soon(30))).toBe(false);
    await waitFor(30);
    const before = log.state.reads;
    await waitFor(60);
    expect(log.state.reads - before).toBeLessThanOrEqual(1);
  });

  test('does not pass a change that could not be applied, and applies it at the next try', async () => {
    const log = createLog();
    log.state.failApplies = 1;
    const follower = follow(log);
    await follower.start();
    log.written.push({ position: at(1) }, { position: at(2) });
    follower.announce(at(2));
    await expect.poll(() => log.errors).toHaveLength(1);
    expect(follower.position()).toEqual(at(0));
    expect(await follower.waitFor(at(2), soon(3000))).toBe(true);
    expect(log.applied).toEqual(['1', '2']);
  });

  test('goes on after the log could not be read', async () => {
    const log = createLog();
    log.state.failReads = 1;
    const follower = follow(log);
    await follower.start();
    log.written.push({ position: at(1) });
    expect(await follower.waitFor(at(1), soon(3000))).toBe(true);
    expect(log.errors).toHaveLength(1);
  });

  test('can be started again after its first start failed', async () => {
    const log = createLog();
    let failures = 1;
    log.source.currentPosition = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('no position');
      return at(0);
    };
    const follower = follow(log);
    await expect(follower.start()).rejects.toThrow('no position');
    await follower.start();
    expect(follower.position()).toEqual(at(0));
  });

  test('reads nothing any more after it was closed, and whoever waits is told', async () => {
    const log = createLog();
    const follower = follow(log, 5);
    await follower.start();
    const waiting = follower.waitFor(at(5), soon(5000));
    await follower.close();
    expect(await waiting).toBe(false);
    const { reads } = log.state;
    await waitFor(40);
    expect(log.state.reads).toBe(reads);
  });
});
