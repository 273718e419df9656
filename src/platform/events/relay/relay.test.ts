import { setTimeout as delay } from 'node:timers/promises';
import { type Generated, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { systemClock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { createIds } from '../../ids.ts';
import type { TableDatabase, Transaction } from '../../postgres/ports.ts';
import { systemRandom } from '../../random.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { announceEvents } from '../announce-events.ts';
import { eventsConfig } from '../config.ts';
import { createDeadLetters } from '../inbox/dead-letters.ts';
import type { InboxTables } from '../inbox/store.ts';
import { type Event, type Subscriber, subscriber } from '../ports.ts';
import { pruneEvents, recordEvents } from '../store.ts';
import { createRelay, type Relay } from './create-relay.ts';
import type { RelayTables } from './store.ts';

type EffectTables = InboxTables & {
  test_effects: {
    organization_id: string;
    number: Generated<string>;
    event_id: string;
    subscriber: string;
  };
};

const ids = createIds(systemClock, systemRandom);
const writers = 12;

let test: TestDatabase;
let db: TableDatabase<EffectTables>;
const relays: Relay[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  db = test.database.withTables<EffectTables>();
  await test.ownerSql(`create table test_effects (organization_id uuid not null, number bigint generated always as identity,
    event_id uuid not null, subscriber text not null, primary key (organization_id, number));
    select platform_protect_tenant_table('test_effects')`);
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.close()));
  await test.close();
});

const errors: unknown[] = [];
function openRelay(subscribers: readonly Subscriber[], settings: Record<string, unknown> = {}): Relay {
  const relay = createRelay({
    db: test.database.withTables<RelayTables>(),
    subscribers,
    clock: systemClock,
    ids,
    config: eventsConfig.parse({ intervalMs: 50, leaseMs: 1000, ...settings }),
    metrics: createMetrics({ processMetrics: false }),
    onError: (error) => errors.push(error),
  });
  relays.push(relay);
  return relay;
}

const counting = (name: string, types: Subscriber['types'] = 'all'): Subscriber =>
  subscriber<EffectTables>({
    name,
    types,
    handle: (event, transaction) => noteEffect(event, name, transaction),
  });

async function noteEffect(event: Event, name: string, transaction: Transaction<EffectTables>): Promise<void> {
  await transaction
    .insertInto('test_effects')
    .values({ organization_id: event.organizationId, event_id: event.id, subscriber: name })
    .execute();
}

const effectsOf = async (organizationId: string, name: string): Promise<string[]> => {
  const rows = await db.inOrganization(organizationId, (transaction) =>
    transaction
      .selectFrom('test_effects')
      .select('event_id')
      .where('subscriber', '=', name)
      .orderBy('number')
      .execute(),
  );
  return rows.map((row) => row.event_id);
};

const eventOf = (organizationId: string, type = 'document.indexed', data: Record<string, unknown> = {}) => ({
  id: ids.next(),
  organizationId,
  type,
  data,
});

async function record(organizationId: string, count: number, type?: string): Promise<string[]> {
  const events = Array.from({ length: count }, () => eventOf(organizationId, type));
  await db.inOrganization(organizationId, (transaction) => recordEvents(transaction, events));
  return events.map(({ id }) => id);
}

/** The ids of an organization in the order of their commits: the order that followers must see. */
const committedOrder = async (organizationId: string): Promise<string[]> => {
  const rows = await test.adminSql<{ id: string }>(
    'select id from platform_outbox where organization_id = $1 order by xid, id',
    [organizationId],
  );
  return rows.map((row) => row.id);
};

/** The rule everybody writes first: everything after the last id. */
async function relayNaively(organizationIds: readonly string[], until: () => boolean): Promise<Set<string>> {
  const seen = new Set<string>();
  let last = ids.next();
  for (let quiet = 0; quiet < 5; quiet = until() ? quiet + 1 : 0) {
    const { rows } = await db.asSystem('compare with the naive rule', (transaction) =>
      sql<{
        id: string;
      }>`select id from platform_outbox where id > ${last} and organization_id = any(${[...organizationIds]}::uuid[])
        order by id limit 500`.execute(transaction),
    );
    for (const { id } of rows) seen.add(id);
    last = rows.at(-1)?.id ?? last;
    await delay(3);
  }
  return seen;
}

describe('the relay', () => {
  it(`hands every event of ${writers} writers on, in order and once in effect, while it is killed and restarted`, async () => {
    const organizations = [ids.next(), ids.next(), ids.next()];
    const name = 'test.writers';
    const endMs = performance.now() + 4000;
    let writing = true;
    let kills = 0;

    const write = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const organizationId = organizations[Math.floor(Math.random() * 3)] ?? '';
        await db.inOrganization(organizationId, async (transaction) => {
          for (let left = 1 + Math.floor(Math.random() * 3); left > 0; left -= 1) {
            await recordEvents(transaction, [eventOf(organizationId)]);
            if (Math.random() < 0.3) await delay(Math.random() * 12);
          }
        });
      }
    };
    // A kill: the effect may be there and the note of it not. The next one starts with what is stored.
    const relayAndKill = async (): Promise<void> => {
      while (writing) {
        const relay = openRelay([counting(name)], { batchSize: 40 });
        relay.start();
        await delay(Math.random() * 150);
        await relay.close();
        await test.adminSql(
          'update platform_subscribers set sequence = greatest(0, sequence - floor(random() * 60)::bigint) where name = $1',
          [name],
        );
        kills += 1;
      }
    };
    const naive = relayNaively(organizations, () => !writing);
    const killing = relayAndKill();
    await Promise.all(Array.from({ length: writers }, write));
    writing = false;
    await killing;
    const last = openRelay([counting(name)]);
    last.start();

    const committed = await Promise.all(organizations.map(committedOrder));
    const all = committed.flat();
    await expect
      .poll(async () => (await Promise.all(organizations.map((id) => effectsOf(id, name)))).flat().length, {
        timeout: 15_000,
      })
      .toBeGreaterThanOrEqual(all.length);
    const seenNaively = await naive;
    const missedNaively = all.filter((id) => !seenNaively.has(id)).length;
    process.stdout.write(
      `relay: ${all.length} events, ${kills} kills; the naive rule missed ${missedNaively}, ours 0\n`,
    );
    for (const [index, organizationId] of organizations.entries()) {
      expect(await effectsOf(organizationId, name)).toEqual(committed[index]);
    }
    expect(kills).toBeGreaterThan(5);
    expect(missedNaively).toBeGreaterThan(0);
    await last.close();
  }, 60_000);

  it('gives out positions per organization without gaps, in the order of commits', async () => {
    const organizationId = ids.next();
    const relay = openRelay([]);
    relay.start();
    for (let turn = 0; turn < 5; turn += 1) await record(organizationId, 7);
    const read = () =>
      test.adminSql<{ event_id: string; position: string }>(
        'select event_id, position from platform_event_log where organization_id = $1 order by position',
        [organizationId],
      );
    await expect.poll(async () => (await read()).length, { timeout: 5000 }).toBe(35);
    const rows = await read();
    expect(rows.map((row) => Number(row.position))).toEqual(Array.from({ length: 35 }, (_, index) => index + 1));
    expect(rows.map((row) => row.event_id)).toEqual(await committedOrder(organizationId));
    await relay.close();
  });

  it('of two on one database lets one relay, and the other take over when it is gone', async () => {
    const organizationId = ids.next();
    const served: string[] = [];
    const telling = (name: string): Subscriber => ({
      name: 'test.two',
      types: ['test.two'],
      handle: async () => void served.push(name),
    });
    const first = openRelay([telling('first')]);
    first.start();
    await record(organizationId, 3, 'test.two');
    await expect.poll(() => served.length, { timeout: 5000 }).toBeGreaterThanOrEqual(3);
    const second = openRelay([telling('second')]);
    second.start();
    await record(organizationId, 3, 'test.two');
    await delay(200);
    expect(new Set(served)).toEqual(new Set(['first']));
    await first.close();
    served.length = 0;
    await record(organizationId, 2, 'test.two');
    await expect.poll(() => served, { timeout: 5000 }).toEqual(['second', 'second']);
    await second.close();
  });

  it('wakes within 50 ms of a commit in its process', async () => {
    const organizationId = ids.next();
    const arrivals: number[] = [];
    const relay = openRelay(
      [{ name: 'test.wake', types: ['test.happened'], handle: async () => void arrivals.push(performance.now()) }],
      { intervalMs: 1000 },
    );
    relay.start();
    const announcing = announceEvents(test.database, relay.announce).withTables<EffectTables>();
    await delay(300);
    const waits: number[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const before = arrivals.length;
      await announcing.inOrganization(organizationId, (transaction) =>
        recordEvents(transaction, [eventOf(organizationId, 'test.happened')]),
      );
      const committedMs = performance.now();
      await expect.poll(() => arrivals.length, { timeout: 3000, interval: 1 }).toBe(before + 1);
      waits.push((arrivals.at(-1) ?? 0) - committedMs);
    }
    waits.sort((left, right) => left - right);
    process.stdout.write(
      `relay: woken after ${waits[10]?.toFixed(1)} ms (median), ${waits[19]?.toFixed(1)} ms (most)\n`,
    );
    // The median, as other test files hold transactions open on the same server.
    expect(waits[10]).toBeLessThan(50);
    await relay.close();
  });

  it('buries an event that fails in the same way three times, goes on, and hands it over again when asked', async () => {
    const organizationId = ids.next();
    let broken = true;
    const taken: string[] = [];
    const picky: Subscriber = {
      name: 'test.picky',
      types: ['test.poison'],
      async handle(event: Event) {
        if (broken && event.data.poison === true) throw new AppError('TEST_POISON', 'invalid', 'It is poison.');
        taken.push(event.id);
      },
    };
    const relay = openRelay([picky]);
    relay.start();
    const events = [1, 2, 3, 4, 5].map((number) =>
      eventOf(organizationId, 'test.poison', number === 3 ? { poison: true } : {}),
    );
    await db.inOrganization(organizationId, (transaction) => recordEvents(transaction, events));
    const expected = events.map(({ id }) => id);
    await expect.poll(() => new Set(taken).size, { timeout: 5000 }).toBe(4);
    const letters = createDeadLetters(db, [picky]);
    const page = { beforeId: undefined, limit: 10 };
    await expect.poll(async () => (await letters.list(organizationId, page)).length).toBe(1);
    const [letter] = await letters.list(organizationId, page);
    expect(letter).toMatchObject({
      reasonCode: 'TEST_POISON',
      attempts: 3,
      event: { id: expected[2], data: { poison: true } },
    });

    expect(await letters.requeueAll(organizationId)).toEqual({ requeued: 0, failed: 1 });
    broken = false;
    await letters.requeue(organizationId, letter?.id ?? '');
    expect(taken.at(-1)).toBe(expected[2]);
    expect(await letters.list(organizationId, page)).toEqual([]);
    await expect(letters.requeue(organizationId, letter?.id ?? '')).rejects.toMatchObject({
      code: 'DEAD_LETTER_NOT_FOUND',
    });
    await relay.close();
  });

  it('that is restarted amid a poison event tries it a few times more, buries it once and loses none of the others', async () => {
    const organizationId = ids.next();
    let attempts = 0;
    const taken: string[] = [];
    const events = [1, 2, 3].map((number) => eventOf(organizationId, 'test.restart', { poison: number === 2 }));
    const poison = events[1]?.id;
    const subscribers = (onPoison: () => void): Subscriber[] => [
      subscriber<EffectTables>({
        name: 'test.restart',
        types: ['test.restart'],
        async handle(event, transaction) {
          await noteEffect(event, 'test.restart', transaction);
          if (event.id !== poison) return void taken.push(event.id);
          attempts += 1;
          onPoison();
          throw new AppError('TEST_POISON', 'invalid', 'It is poison.');
        },
      }),
    ];
    await db.inOrganization(organizationId, (transaction) => recordEvents(transaction, events));
    const restarts = 4;
    for (let turn = 0; turn < restarts; turn += 1) {
      let met: () => void = () => undefined;
      const hasMet = new Promise<void>((resolve) => {
        met = resolve;
      });
      const relay = openRelay(subscribers(met));
      relay.start();
      await hasMet;
      await relay.close();
    }
    const letters = () => createDeadLetters(db, []).list(organizationId, { beforeId: undefined, limit: 10 });
    expect(await letters()).toEqual([]);
    const last = openRelay(subscribers(() => undefined));
    last.start();
    await expect.poll(async () => (await letters()).length, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => effectsOf(organizationId, 'test.restart'), { timeout: 5000 }).toHaveLength(2);
    expect(await effectsOf(organizationId, 'test.restart')).toEqual([events[0]?.id, events[2]?.id]);
    // In each life once with its neighbours and at most three times alone.
    expect(attempts).toBeLessThanOrEqual((restarts + 1) * 4);
    await last.close();
  }, 30_000);

  it('waits for an outage to end instead of burying the event', async () => {
    const organizationId = ids.next();
    let attempts = 0;
    const relay = openRelay([
      {
        name: 'test.outage',
        types: ['test.outage'],
        async handle() {
          attempts += 1;
          if (attempts < 6) throw new AppError('TEST_AWAY', 'unavailable', 'It is away.');
        },
      },
    ]);
    relay.start();
    await db.inOrganization(organizationId, (transaction) =>
      recordEvents(transaction, [eventOf(organizationId, 'test.outage')]),
    );
    await expect.poll(() => attempts, { timeout: 10_000 }).toBe(6);
    expect(await createDeadLetters(db, []).list(organizationId, { beforeId: undefined, limit: 10 })).toEqual([]);
    await relay.close();
  }, 15_000);

  it('serves the others while one subscriber is in an outage', async () => {
    const organizationId = ids.next();
    const served: number[] = [];
    const away: Subscriber = {
      name: 'test.away',
      types: ['test.apart'],
      async handle() {
        throw new AppError('TEST_AWAY', 'unavailable', 'It is away.');
      },
    };
    const there: Subscriber = { name: 'test.there', types: ['test.apart'], handle: async () => void served.push(1) };
    const relay = openRelay([away, there]);
    relay.start();
    for (let turn = 1; turn <= 3; turn += 1) {
      await record(organizationId, 1, 'test.apart');
      await expect.poll(() => served.length, { timeout: 5000 }).toBe(turn);
    }
    await relay.close();
  });

  it('prunes what everybody has had, and nothing that somebody has not', async () => {
    const organizationId = ids.next();
    const relay = openRelay([counting('test.prune', ['test.prune'])]);
    relay.start();
    const old = await record(organizationId, 4, 'test.prune');
    await expect.poll(async () => (await effectsOf(organizationId, 'test.prune')).length, { timeout: 10_000 }).toBe(4);
    await relay.close();
    const late = await record(organizationId, 2, 'test.prune');
    await test.adminSql("update platform_event_log set created_at = now() - interval '90 days'");
    await test.adminSql("update platform_outbox set created_at = now() - interval '90 days'");
    const prune = (subscribers: string[]) =>
      db.asSystem('a test', (transaction) => pruneEvents(transaction, { keepDays: 30, limit: 100_000, subscribers }));
    expect(await prune(['test.prune', 'test.never-served'])).toBe(0);
    expect(await prune(['test.prune'])).toBeGreaterThanOrEqual(old.length);
    const left = await committedOrder(organizationId);
    expect(left).toEqual(late);
    // Numbers go on where they were.
    const next = openRelay([]);
    next.start();
    await expect
      .poll(
        () =>
          test.adminSql('select position::int from platform_event_log where organization_id = $1 order by 1', [
            organizationId,
          ]),
        { timeout: 5000 },
      )
      .toEqual([{ position: 5 }, { position: 6 }]);
    await next.close();
  });
});
