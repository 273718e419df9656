import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { systemClock } from '../clock.ts';
import { type OutboxTable, recordEvent } from '../events/index.ts';
import { createIds } from '../ids.ts';
import { systemRandom } from '../random.ts';
import {
  comparePositions,
  currentPosition,
  formatPosition,
  type Position,
  parsePosition,
  readChanges,
  withoutRow,
} from './change-order.ts';
import type { TableDatabase } from './ports.ts';

type Tables = { platform_outbox: OutboxTable };

const ids = createIds(systemClock, systemRandom);
const writers = 12;
const organizationId = ids.next();

describe('a position', () => {
  const anyPosition = fc
    .record({ xid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), id: fc.uuid() })
    .map(({ xid, id }): Position => ({ xid: xid.toString(), id }));

  it('survives being written and read', () => {
    fc.assert(
      fc.property(anyPosition, (position) => {
        expect(parsePosition(formatPosition(position))).toEqual(position);
        expect(formatPosition(position).length).toBeLessThanOrEqual(36);
      }),
    );
  });

  it('without its row comes before it and after every earlier transaction', () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    const shown = withoutRow({ xid: '100', id });
    expect(comparePositions(shown, { xid: '100', id: '00000000-0000-0000-0000-000000000000' })).toBeLessThan(0);
    expect(comparePositions(shown, { xid: '99', id })).toBeGreaterThan(0);
    expect(withoutRow(shown)).toEqual(shown);
    expect(formatPosition(shown)).not.toContain(formatPosition({ xid: '100', id }).split('.')[1]);
  });

  it('is ordered by transaction, then by id', () => {
    fc.assert(
      fc.property(anyPosition, anyPosition, (left, right) => {
        expect(Math.sign(comparePositions(left, right))).toBe(-Math.sign(comparePositions(right, left)) + 0);
        if (BigInt(left.xid) < BigInt(right.xid)) expect(comparePositions(left, right)).toBeLessThan(0);
      }),
    );
    const id = ids.next();
    expect(comparePositions({ xid: '9', id }, { xid: '10', id })).toBeLessThan(0);
    expect(comparePositions({ xid: '9', id }, { xid: '9', id })).toBe(0);
  });

  it.each([
    '',
    'x',
    '1.',
    '.AAAAAAAAAAAAAAAAAAAAAA',
    '01.AAAAAAAAAAAAAAAAAAAAAA',
    '1.AAAAAAAAAAAAAAAAAAAAAB',
    "1.'; drop",
  ])('that we did not write is refused: %j', (text) => {
    expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: 'CHANGE_POSITION_INVALID' }));
  });
});

describe('following a table', () => {
  let test: TestDatabase;
  let db: TableDatabase<Tables>;
  beforeAll(async () => {
    test = await openTestDatabase();
    db = test.database.withTables<Tables>();
  });
  afterAll(() => test.close());

  /** The rule everybody writes first. */
  async function readNaively(after: string): Promise<string[]> {
    const { rows } = await db.asSystem('compare with the naive rule', (transaction) =>
      sql<{ id: string }>`select id from platform_outbox where id > ${after} order by id limit 500`.execute(
        transaction,
      ),
    );
    return rows.map((row) => row.id);
  }

  async function write(untilMs: number): Promise<string[]> {
    const written: string[] = [];
    while (performance.now() < untilMs) {
      const batch = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => ids.next());
      await db.inOrganization(organizationId, async (transaction) => {
        for (const id of batch) {
          await recordEvent(transaction, { id, organizationId, type: 'document.indexed', data: {} });
          if (Math.random() < 0.3) await delay(Math.random() * 12);
        }
      });
      written.push(...batch);
    }
    return written;
  }

  it(`misses rows by id alone and none by our order, under ${writers} writers`, async () => {
    const start = await db.asSystem('a test', currentPosition);
    const endMs = performance.now() + 2_500;
    let writing = true;
    const seenNaively = new Set<string>();
    const seen: string[] = [];

    const followNaively = async (): Promise<void> => {
      let last = ids.next();
      for (let quiet = 0; quiet < 3; quiet = writing ? 0 : quiet + 1) {
        const found = await readNaively(last);
        for (const id of found) seenNaively.add(id);
        last = found.at(-1) ?? last;
        await delay(2);
      }
    };
    // Other test files write on the same server and may hold our last rows back, so the end is not a fixed pause.
    let writtenInAll = Number.POSITIVE_INFINITY;
    const follow = async (): Promise<void> => {
      let last = start;
      for (const deadlineMs = endMs + 10_000; seen.length < writtenInAll && performance.now() < deadlineMs; ) {
        const changes = await db.asSystem('a test', (transaction) =>
          readChanges(transaction, { table: 'platform_outbox', after: last, limit: 200 }),
        );
        for (const change of changes) {
          expect(comparePositions(last, change.position)).toBeLessThan(0);
          last = change.position;
          seen.push(change.row.id);
        }
        await delay(2);
      }
    };

    const followers = [followNaively(), follow()];
    const written = (await Promise.all(Array.from({ length: writers }, () => write(endMs)))).flat();
    writing = false;
    writtenInAll = written.length;
    await Promise.all(followers);

    const missedNaively = written.filter((id) => !seenNaively.has(id)).length;
    const seenSet = new Set(seen);
    const missed = written.filter((id) => !seenSet.has(id)).length;
    process.stdout.write(
      `order of changes: ${written.length} rows by ${writers} writers; naive rule missed ${missedNaively}, ours ${missed}\n`,
    );
    expect(missedNaively).toBeGreaterThan(0);
    expect(missed).toBe(0);
    expect(seen.length).toBe(written.length);
  });

  it('shows nothing of a transaction, nor of younger ones, while an older one is open', async () => {
    const before = await db.asSystem('a test', currentPosition);
    const readOn = () =>
      db.asSystem('a test', (transaction) =>
        readChanges(transaction, { table: 'platform_outbox', after: before, limit: 10_000 }),
      );
    const event = (id: string) => ({ id, organizationId, type: 'document.indexed', data: {} });
    const [first, second] = [ids.next(), ids.next()];
    const seenOfOurs = async () =>
      (await readOn()).map((change) => change.row.id).filter((id) => id === first || id === second);
    await db.inOrganization(organizationId, async (older) => {
      await recordEvent(older, event(first));
      await db.inOrganization(organizationId, (younger) => recordEvent(younger, event(second)));
      expect(await seenOfOurs()).toEqual([]);
    });
    await expect.poll(seenOfOurs, { timeout: 5_000 }).toEqual([first, second]);
  });
});
