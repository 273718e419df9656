/**
 * R1: kill -9 of the server and of its database while documents come in, on the embedded database and on a server. A
 * ledger outside of the product, written after each acknowledgement, says what must be there; everything is compared
 * after every kill.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus, untilReady } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import { findServerPrograms, type ServerPostgres, startServerPostgres } from '../../bench/harness/server-postgres.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { createDocumentLedger } from './ledger/document-ledger.ts';

/** Of each database, and of a full run's round. */
const kills = { ci: 60, full: 60 };
const shortestLifeMs = 20;
const longestLifeMs = 420;
const senders = 4;
const readyP99BoundMs = 2000;

export const program: AssuranceProgram = {
  rounds: 5,
  describe: 'R1: kill -9 of server and database during ingestion, against a ledger of what was acknowledged',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const programs = findServerPrograms();
    const embedded = await runTrial('embedded', context, undefined);
    const server = programs === undefined ? undefined : await runTrial('server', context, programs);
    const outcomes = [embedded, ...(server === undefined ? [] : [server])];
    return {
      n: outcomes.reduce((sum, { n }) => sum + n, 0),
      figures: {
        ...Object.assign({}, ...outcomes.map(({ figures }) => figures)),
        ...(server === undefined && { server: 'not tried: no PostgreSQL server programs are installed' }),
      },
      pass: outcomes.every(({ pass }) => pass),
    };
  },
};

async function runTrial(
  kind: 'embedded' | 'server',
  context: AssuranceContext,
  programs: string | undefined,
): Promise<AssuranceOutcome> {
  const trial = await openTrial(kind, context, programs);
  try {
    return await trial.run();
  } finally {
    await trial.close();
  }
}

async function openTrial(kind: 'embedded' | 'server', context: AssuranceContext, programs: string | undefined) {
  const { seed, full, log } = context;
  const random = createSeededRandom(seed);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-kill-'));
  chmodSync(folder, 0o755); // the database server runs as its own user
  const home = path.join(folder, 'home');
  const ledgerFolder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'nexus-ledger-'));
  // The kill cuts connections, and its database needs a moment to come back.
  const ledger = createDocumentLedger({
    random,
    file: path.join(ledgerFolder, 'ledger.jsonl'),
    isExpected: (error) => error instanceof TypeError,
  });
  const readyMs: Record<'server' | 'database', number[]> = { server: [], database: [] };
  const figures = { kills_of_server: 0, kills_of_database: 0, first_start_ms: 0 };
  let database: ServerPostgres | undefined;
  let server: NexusProcess | undefined;

  async function start(): Promise<NexusProcess> {
    const isFirst = server === undefined;
    server = await startNexus(home, database?.settings).catch(stillDown);
    // The first start makes the database; only the later ones come after a kill.
    if (isFirst) figures.first_start_ms = Math.round(server.readyMs);
    else readyMs.server.push(server.readyMs);
    return server;
  }

  function stillDown(error: unknown): never {
    ledger.counts.unopenable += 1;
    throw error;
  }

  async function killServer(running: NexusProcess): Promise<void> {
    const gone = new Promise((resolve) => running.child.once('exit', resolve));
    running.child.kill('SIGKILL');
    figures.kills_of_server += 1;
    await gone;
  }

  async function killDatabase(running: NexusProcess): Promise<void> {
    const killedMs = performance.now();
    figures.kills_of_database += 1;
    if (database === undefined) process.kill(embeddedPid(home), 'SIGKILL');
    else {
      await database.kill();
      await database.start();
    }
    await sleep(1);
    await untilReady(home, running.child, killedMs).catch(stillDown);
    readyMs.database.push(performance.now() - killedMs);
  }

  async function killOne(target: 'server' | 'database', running: NexusProcess): Promise<NexusProcess> {
    const stop = new AbortController();
    const sending = Array.from({ length: senders }, () => ledger.send(running, stop.signal));
    await sleep(shortestLifeMs + random.next() * (longestLifeMs - shortestLifeMs));
    const killed = target === 'server' ? killServer(running) : killDatabase(running);
    stop.abort();
    await Promise.all([killed, ...sending]);
    return target === 'server' ? start() : running;
  }

  return {
    async run(): Promise<AssuranceOutcome> {
      if (programs !== undefined) database = await startServerPostgres(path.join(folder, 'database'), programs);
      let running = await start();
      const total = full ? kills.full : kills.ci;
      for (let kill = 0; kill < total; kill += 1) {
        running = await killOne(kill % 2 === 0 ? 'server' : 'database', running);
        // On a server the jobs of a dead worker are taken over when its silence is noticed; that is waited for now and then.
        await ledger.compare(running, { isSettled: kind === 'embedded' || kill % 10 === 9 });
        if (kill % 10 === 9)
          log(
            `${kind}: ${kill + 1}/${total} kills, ${ledger.acknowledged} acknowledged, ${JSON.stringify(ledger.counts)}`,
          );
      }
      const planted = await ledger.findPlanted(running);
      const serverP99 = percentile(readyMs.server, 0.99);
      const databaseP99 = percentile(readyMs.database, 0.99);
      const failures = Object.values(ledger.counts).reduce((sum, count) => sum + count, 0);
      const all = {
        ...figures,
        acknowledged: ledger.acknowledged,
        acknowledged_in_the_queue: ledger.queued,
        compared: ledger.compared,
        longest_settle_ms: ledger.longestSettleMs,
        ...ledger.counts,
        ready_after_server_kill_p50_ms: percentile(readyMs.server, 0.5),
        ready_after_server_kill_p99_ms: serverP99,
        ready_after_database_kill_p50_ms: percentile(readyMs.database, 0.5),
        ready_after_database_kill_p99_ms: databaseP99,
        ready_p99_within_2_s: Math.max(serverP99, databaseP99) <= readyP99BoundMs,
        planted_faults_found: planted,
      };
      return {
        n: total,
        figures: Object.fromEntries(Object.entries(all).map(([name, value]) => [`${kind}_${name}`, value])),
        // The time is a figure beside its bound, not a verdict: a busy machine must not look like a lost document.
        pass: failures === 0 && planted === 3,
      };
    },
    async close() {
      await server?.stop();
      await database?.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      rmSync(ledgerFolder, { recursive: true, force: true });
    },
  };
}

/** Nearest rank, whole milliseconds. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
}

function embeddedPid(home: string): number {
  return Number(readFileSync(path.join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}
