/**
 * R9: a worker process is killed with a batch of documents in its hands, on a database that outlives it. Another one must
 * have the batch within 20 seconds, and every document must be there once, announced once.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { databaseConfig } from '#platform/postgres/config.ts';
import { startEmbeddedPostgres } from '#platform/postgres/embedded/embedded-postgres.ts';
import { socketUrl } from '#platform/postgres/logins.ts';
import { Secret } from '#platform/secret.ts';
import { projectRoot } from '../../bench/harness/machine.ts';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { processTree, usageOf } from '../../bench/harness/process-usage.ts';
import { createSeededRandom, type SeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';

/** Of a full run: in each round. */
const kills = { ci: 3, full: 5 };
/** One batch. */
const documentsPerRound = 50;
const wordsPerDocument = 20_000;
const takeoverBoundSeconds = 20;
const deadlineMs = 60_000;
const lookMs = 50;
const busyWindowMs = 300;

export const program: AssuranceProgram = {
  rounds: 4,
  describe:
    'R9: kill -9 of a worker process in the middle of a batch; another has it within 20 s, nothing is done twice',
  async run({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
    const random = createSeededRandom(seed);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-takeover-'));
    const database = await openOwnDatabase(path.join(folder, 'database'));
    const server = await startNexus(path.join(folder, 'home'), { ...database.settings, ...workerSettings });
    const takeoverSeconds: number[] = [];
    try {
      for (let round = 1; round <= (full ? kills.full : kills.ci); round += 1) {
        const documents = writeDocuments(path.join(folder, `round-${round}`), random);
        const sourceId = await addSource(server, documents, `round ${round}`);
        const { seconds, done } = await killOne(server, database, sourceId);
        takeoverSeconds.push(seconds);
        await until('the batch is done', async () => (await readBatch(database, sourceId))?.state === 'done');
        log(
          `${round}: killed after ${done} of ${documentsPerRound} documents, taken over after ${seconds.toFixed(2)} s`,
        );
      }
      const expected = takeoverSeconds.length * documentsPerRound;
      const counts = await countFaults(database, expected);
      const longest = Math.max(...takeoverSeconds);
      return {
        n: takeoverSeconds.length,
        figures: {
          documents: expected,
          longest_takeover_seconds: Number(longest.toFixed(2)),
          bound_seconds: takeoverBoundSeconds,
          ...counts,
        },
        pass: longest <= takeoverBoundSeconds && Object.values(counts).every((count) => count === 0),
      };
    } finally {
      await server.stop();
      await database.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  },
};

/** Small groups, so that a part of the batch is stored when its worker is killed. */
const workerSettings = { NEXUS_WORKER__PROCESSES: '2', NEXUS_INGESTION__GROUP_BYTES: '600000' };

type OwnDatabase = {
  settings: Record<string, string>;
  query<Row extends pg.QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
};

/** A server as an operator runs one: the product does not own it, so it learns of a dead worker by its silence only. */
async function openOwnDatabase(home: string): Promise<OwnDatabase> {
  mkdirSync(home);
  const password = new Secret(randomBytes(16).toString('hex'));
  const server = await startEmbeddedPostgres({
    home,
    config: databaseConfig.parse({}).embedded,
    adminPassword: password,
    overrides: { settings: { max_connections: '100' } },
  });
  const url = socketUrl(server.socketDirectory, 'postgres', 'postgres', password).reveal();
  const settings = { DATABASE_URL: url, NEXUS_DATABASE__LOGIN_SECRET: randomBytes(24).toString('hex') };
  await promisify(execFile)(process.execPath, [path.join(projectRoot, 'src/cli/main.ts'), 'migrate'], {
    env: { PATH: process.env.PATH, NEXUS_HOME: path.join(home, 'home-of-migrate'), ...settings },
  });
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  return {
    settings,
    query: async <Row extends pg.QueryResultRow>(text: string, parameters: unknown[] = []) =>
      (await pool.query<Row>(text, parameters)).rows,
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

function writeDocuments(folder: string, random: SeededRandom): string {
  mkdirSync(folder);
  for (let index = 0; index < documentsPerRound; index += 1) {
    const words = Array.from({ length: wordsPerDocument }, () => `w${Math.floor(random.next() * 100_000)}`);
    writeFileSync(path.join(folder, `${index}.md`), `# Document ${index}\n\n${words.join(' ')}\n`);
  }
  return folder;
}

async function addSource(server: NexusProcess, folder: string, name: string): Promise<string> {
  const body = JSON.stringify({ kind: 'files', name, settings: { folder } });
  const reply = await server.call('POST', '/api/v1/sources', body);
  if (reply.status !== 201) throw new Error(`The source was not made: ${reply.text}`);
  const { id } = JSON.parse(reply.text) as { id: string };
  const asked = await server.call('POST', `/api/v1/sources/${id}/sync`, '{}');
  if (asked.status !== 202) throw new Error(`The source is not looked at: ${asked.text}`);
  return id;
}

/** The moment of the takeover is that of the next claim: each raises the attempt of the batch. */
async function killOne(
  server: NexusProcess,
  database: OwnDatabase,
  sourceId: string,
): Promise<{ seconds: number; done: number }> {
  await until('a part is stored', async () => (await countDone(database, sourceId)) > 0);
  const victim = await busiestWorker(server.pid);
  const before = await readBatch(database, sourceId);
  process.kill(victim, 'SIGKILL');
  const killedMs = performance.now();
  const done = await countDone(database, sourceId);
  if (done === documentsPerRound) throw new Error('The batch had ended before its worker was killed.');
  await until('another worker has the batch', async () => {
    const now = await readBatch(database, sourceId);
    return (now?.attempt ?? 0) > (before?.attempt ?? 0);
  });
  return { seconds: (performance.now() - killedMs) / 1000, done };
}

async function readBatch(database: OwnDatabase, sourceId: string) {
  const rows = await database.query<{ attempt: number; state: string }>(
    'select attempt, state from ingestion_batches where source_id = $1 order by attempt desc limit 1',
    [sourceId],
  );
  return rows[0];
}

async function countDone(database: OwnDatabase, sourceId: string): Promise<number> {
  const rows = await database.query<{ count: number }>(
    `select count(*)::integer as count from ingestion_items where source_id = $1 and state = 'completed'`,
    [sourceId],
  );
  return rows[0]?.count ?? 0;
}

/** The one that has the batch: the other waits. */
async function busiestWorker(serverPid: number): Promise<number> {
  const workers = processTree(serverPid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker-child.ts'),
  );
  const before = workers.map((pid) => usageOf(pid).cpuSeconds);
  await sleep(busyWindowMs);
  const used = workers.map((pid, index) => usageOf(pid).cpuSeconds - (before[index] ?? 0));
  const busiest = workers[used.indexOf(Math.max(...used))];
  if (workers.length !== 2 || busiest === undefined) throw new Error(`Of two workers there are ${workers.length}.`);
  return busiest;
}

async function countFaults(database: OwnDatabase, expected: number): Promise<Record<string, number>> {
  const [counts] = await database.query<Record<string, number>>(
    `
    select
      (select count(*) filter (where state <> 'completed') from ingestion_items)::integer as not_completed,
      (select $1 - count(distinct external_id) from corpus_documents)::integer as documents_lost,
      (select count(*) - count(distinct external_id) from corpus_documents)::integer as documents_doubled,
      (select count(*) - count(distinct (document_id, ordinal)) from corpus_chunks)::integer as chunks_doubled,
      (select $1 - count(*) from platform_outbox where type = 'document.indexed')::integer as announced_too_rarely_or_often,
      (select count(*) - count(distinct data ->> 'document_id') from platform_outbox
        where type = 'document.indexed')::integer as announced_twice`,
    [expected],
  );
  return counts ?? { nothing_counted: 1 };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const endsMs = performance.now() + deadlineMs; performance.now() < endsMs; await sleep(lookMs)) {
    if (await isSo()) return;
  }
  throw new Error(`Within ${deadlineMs / 1000} s it did not come that ${what}.`);
}
