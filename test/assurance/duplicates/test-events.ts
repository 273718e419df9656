/** Events to subscribers in the server and to webhooks outside of it. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#platform/clock.ts';
import { type OutboxTable, recordEvents } from '#platform/events/index.ts';
import { createRelayStore } from '#platform/events/relay/store.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { withClient } from '#platform/postgres/connect.ts';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { openPostgres, type ReadyPostgres } from '#platform/postgres/open-postgres.ts';
import type { Database } from '#platform/postgres/ports.ts';
import { createSeededRandom, type SeededRandom } from '../../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome } from '../../../scripts/assurance-program.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { type Copy, ids, openTrialDatabase, openTrialMessaging, type Urls } from './wiring.ts';

const wanted = { ci: 10_000, full: 100_000 };
const mostCopies = 5;
const eventsPerTransaction = 50;
/** About so many times a sender is killed in the middle of its work. */
const expectedKills = 20;
const longestLifeMs = 60_000;
const longestRunMs = { ci: 600_000, full: 3_600_000 };
const sourceRoot = path.resolve(import.meta.dirname, '../../../src');

export async function testEvents({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
  const random = createSeededRandom(seed);
  const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-duplicates-'));
  const postgres = await openPostgres({
    home,
    config: databaseConfig.parse({}),
    migrations: await findMigrations(sourceRoot),
  });
  const urls = plainUrls(postgres);
  const database = openTrialDatabase(urls);
  const receiver = await openReceiver(() => random.integer(20) === 0);
  const { messaging } = openTrialMessaging(database);
  try {
    const organizations = [ids.next(), ids.next(), ids.next()];
    const copies = await makeCopies({ postgres, database, organizations, random }, full ? wanted.full : wanted.ci);
    for (const organizationId of organizations) {
      const hook = { name: 'trial', url: receiver.url, types: null, max_concurrent: 20 };
      receiver.trust((await messaging.createWebhook(organizationId, hook)).secret);
    }
    const deadlineMs = performance.now() + (full ? longestRunMs.full : longestRunMs.ci);
    const trial = { random, urls, receiver, postgres, copies, log, deadlineMs };
    const run = await deliverAcrossKills(trial);
    return await judge(trial, run);
  } finally {
    await messaging.close();
    await receiver.close();
    await database.close();
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

type Trial = {
  random: SeededRandom;
  urls: Urls;
  receiver: Receiver;
  postgres: ReadyPostgres;
  copies: readonly Copy[];
  log(line: string): void;
  deadlineMs: number;
};

type Making = { postgres: ReadyPostgres; database: Database; organizations: readonly string[]; random: SeededRandom };

/** Events as they happen, numbered by the relay's own store, and 1 to 5 copies of each in an order of chance. */
async function makeCopies({ postgres, database, organizations, random }: Making, atLeast: number): Promise<Copy[]> {
  await withClient(postgres.urls.owner, (client) =>
    client.query(`
      create table trial_effects (organization_id uuid not null, id uuid not null, event_id uuid not null,
        constraint trial_effects_pkey primary key (organization_id, id));
      select platform_protect_tenant_table('trial_effects')`),
  );
  const copies: Copy[] = [];
  while (copies.length < atLeast) {
    const organizationId = random.pick(organizations);
    const events = Array.from({ length: eventsPerTransaction }, () => ({
      id: ids.next(),
      organizationId,
      type: 'document.deleted',
      data: { document_id: ids.next(), collection_id: ids.next() },
    }));
    await database
      .withTables<{ platform_outbox: OutboxTable }>()
      .inOrganization(organizationId, (transaction) => recordEvents(transaction, events));
    for (const { id } of events) {
      for (let left = 1 + random.integer(mostCopies); left > 0; left -= 1) {
        copies.push({ key: copies.length, organizationId, eventId: id });
      }
    }
  }
  const relay = createRelayStore(database.withTables(), { holder: ids.next(), leaseMs: 60_000, clock: systemClock });
  await relay.takeLease();
  while (((await relay.numberEvents(1000))?.events ?? []).length > 0);
  // Half of the copies lie side by side, so that they are delivered at the same time; the others anywhere.
  const isNear = ({ eventId }: Copy) => Number.parseInt(eventId.slice(-1), 16) < 8;
  const far = random.shuffle(copies.filter((copy) => !isNear(copy)));
  const middle = Math.floor(far.length / 2);
  return [...far.slice(0, middle), ...copies.filter(isNear), ...far.slice(middle)];
}

type Run = { deliveries: number; kills: number; buried: number };

async function deliverAcrossKills(trial: Trial): Promise<Run> {
  const { copies, random, log, deadlineMs } = trial;
  const done = new Set<number>();
  const run: Run = { deliveries: 0, kills: 0, buried: 0 };
  const isOver = () => done.size === copies.length && isReceived(trial);
  while (!isOver() && performance.now() < deadlineMs) {
    const left = copies.filter(({ key }) => !done.has(key));
    const child = startChild(
      trial,
      left,
      (key) => {
        run.deliveries += 1;
        done.add(key);
      },
      () => {
        run.buried += 1;
      },
    );
    // A life is a number of deliveries, as starting takes most of the time; the last one ends with the last webhook.
    const diesAt = done.size + 1 + Math.floor(random.next() * 2 * (copies.length / expectedKills));
    const bornMs = performance.now();
    while (!isOver() && (left.length === 0 || done.size < diesAt) && performance.now() < bornMs + longestLifeMs) {
      await sleep(1);
    }
    await kill(child);
    run.kills += 1;
    if (run.kills % 5 === 0) log(`${done.size} of ${copies.length} copies delivered, ${run.kills} kills`);
  }
  return run;
}

const isReceived = ({ copies, receiver }: Trial) =>
  receiver.effects.size >= new Set(copies.map(({ eventId }) => eventId)).size;

function startChild(
  { urls }: Trial,
  copies: readonly Copy[],
  onDone: (key: number) => void,
  onBuried: () => void,
): ChildProcess {
  const child = fork(path.join(import.meta.dirname, 'deliver-child.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (message: { done?: number; buried?: boolean }) => {
    if (message.done !== undefined) onDone(message.done);
    if (message.buried === true) onBuried();
  });
  child.send({ urls, copies });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function judge({ postgres, receiver, copies }: Trial, run: Run): Promise<AssuranceOutcome> {
  const events = new Set(copies.map(({ eventId }) => eventId)).size;
  const count = async (table: string): Promise<{ of: number; most: number }> =>
    await withClient(postgres.urls.owner, async (client) => {
      // The owner is bound by row-level security too, unless it says otherwise.
      await client.query(`alter table ${table} no force row level security`);
      const { rows } = await client.query<{ of: number; most: number }>(
        `select count(*)::int as of, coalesce(max(times), 0)::int as most
         from (select count(*) as times from ${table} group by event_id) as counted`,
      );
      return rows[0] ?? { of: 0, most: 0 };
    });
  const effects = await count('trial_effects');
  const queued = await count('messaging_deliveries');
  const acted = [...receiver.effects.values()];
  const pass =
    [effects, queued].every(({ of, most }) => of === events && most === 1) &&
    acted.length === events &&
    acted.every((times) => times === 1) &&
    receiver.refused() === 0 &&
    run.buried === 0 &&
    run.kills > 0;
  const figures = {
    events,
    deliveries: run.deliveries,
    kills: run.kills,
    effects: effects.of,
    most_effects_of_one_event: effects.most,
    webhook_deliveries: queued.of,
    webhook_posts: receiver.posts(),
    webhook_effects: acted.length,
    refused_signatures: receiver.refused(),
    dead_letters: run.buried,
  };
  return { n: run.deliveries + receiver.posts(), figures, pass };
}

const plainUrls = ({ urls }: ReadyPostgres): Urls => ({
  app: urls.app.reveal(),
  system: urls.system.reveal(),
  resolver: urls.resolver.reveal(),
});
