/**
 * R1: kill -9 of the server and of its database while documents come in. A ledger outside of the product, written after
 * each acknowledgement, says what must be there; everything is compared after every kill.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus, untilReady } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom, type SeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';

const kills = { ci: 60, full: 3000 };
const shortestLifeMs = 20;
const longestLifeMs = 420;
const senders = 4;
const readyP99BoundMs = 2000;

/** What the ledger knows of one external id: the last acknowledged state, and what was sent and not answered. */
type Entry = {
  acknowledged: string | undefined;
  unanswered: Set<string>;
  /** Index position of the last acknowledged upload. */
  position?: string;
};
const deleted = 'deleted';

type Counts = { lost: number; duplicated: number; phantom: number; unopenable: number; unsearchable: number };

export const program: AssuranceProgram = {
  describe: 'R1: kill -9 of server and database during ingestion, against a ledger of what was acknowledged',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const trial = openTrial(context);
    try {
      return await trial.run();
    } finally {
      await trial.close();
    }
  },
};

function openTrial({ seed, full, log }: AssuranceContext) {
  const random = createSeededRandom(seed);
  const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-kill-'));
  const ledgerFolder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'nexus-ledger-'));
  const ledgerFile = path.join(ledgerFolder, 'ledger.jsonl');
  const ledger = new Map<string, Entry>();
  const counts: Counts = { lost: 0, duplicated: 0, phantom: 0, unopenable: 0, unsearchable: 0 };
  const readyMs: Record<'server' | 'database', number[]> = { server: [], database: [] };
  const figures = { kills_of_server: 0, kills_of_database: 0, acknowledged: 0, compared: 0, first_start_ms: 0 };
  let server: NexusProcess | undefined;
  let next = 0;

  async function start(): Promise<void> {
    const isFirst = server === undefined;
    server = await startNexus(home).catch(stillDown);
    // The first start makes the database; only the later ones come after a kill.
    if (isFirst) figures.first_start_ms = Math.round(server.readyMs);
    else readyMs.server.push(server.readyMs);
  }

  function stillDown(error: unknown): never {
    counts.unopenable += 1;
    throw error;
  }

  const entryOf = (externalId: string): Entry => {
    const entry = ledger.get(externalId) ?? { acknowledged: undefined, unanswered: new Set<string>() };
    ledger.set(externalId, entry);
    return entry;
  };

  async function send(stop: AbortSignal): Promise<void> {
    const running = server;
    while (!stop.aborted && running !== undefined) {
      const known = random.integer(10) < 3 && next > 0;
      const externalId = `document-${known ? random.integer(next) : next++}`;
      if (busy.has(externalId)) continue;
      busy.add(externalId);
      await sendOne(running, externalId, random.integer(10) === 0 ? deleted : textOf(externalId, random), stop).finally(
        () => busy.delete(externalId),
      );
    }
  }
  const busy = new Set<string>();

  async function sendOne(running: NexusProcess, externalId: string, text: string, stop: AbortSignal): Promise<void> {
    try {
      if (text === deleted) await remove(running, externalId);
      else await upload(running, externalId, text);
    } catch (error) {
      // The kill cuts requests: they are the unanswered ones. The database needs a moment to come back.
      if (!stop.aborted && !(error instanceof TypeError)) throw error;
      await sleep(5);
    }
  }

  async function upload(running: NexusProcess, externalId: string, text: string): Promise<void> {
    const entry = entryOf(externalId);
    entry.unanswered.add(hashOf(text));
    const reply = await running.call('POST', `/api/v1/documents?filename=a.md&external_id=${externalId}`, text);
    if (reply.status >= 300) return;
    entry.position = (JSON.parse(reply.text) as { position: string }).position;
    acknowledge(externalId, hashOf(text));
  }

  async function remove(running: NexusProcess, externalId: string): Promise<void> {
    const documentId = await findId(running, externalId);
    if (documentId === undefined) return;
    entryOf(externalId).unanswered.add(deleted);
    const reply = await running.call('DELETE', `/api/v1/documents/${documentId}`);
    if (reply.status < 300) acknowledge(externalId, deleted);
  }

  function acknowledge(externalId: string, state: string): void {
    const entry = entryOf(externalId);
    entry.acknowledged = state;
    entry.unanswered.clear();
    figures.acknowledged += 1;
    appendFileSync(ledgerFile, `${JSON.stringify([externalId, state])}\n`);
  }

  async function killOne(target: 'server' | 'database'): Promise<void> {
    const stop = new AbortController();
    const sending = Array.from({ length: senders }, () => send(stop.signal));
    await sleep(shortestLifeMs + random.next() * (longestLifeMs - shortestLifeMs));
    if (target === 'server') {
      const gone = new Promise((resolve) => server?.child.once('exit', resolve));
      server?.child.kill('SIGKILL');
      stop.abort();
      await Promise.all(sending);
      await gone;
      figures.kills_of_server += 1;
      await start();
    } else {
      process.kill(postmasterPid(home), 'SIGKILL');
      figures.kills_of_database += 1;
      const killedMs = performance.now();
      stop.abort();
      await Promise.all(sending);
      if (server === undefined) return;
      await sleep(1);
      await untilReady(home, server.child, killedMs).catch(stillDown);
      readyMs.database.push(performance.now() - killedMs);
    }
  }

  async function compare(): Promise<void> {
    const running = server;
    if (running === undefined) throw new Error('The server is gone.');
    const found = await listAll(running);
    tally(found, ledger, counts);
    figures.compared += found.length;
    await openSome(running, found);
  }

  /** Some documents are opened and searched for, each by a word that only it has. */
  async function openSome(running: NexusProcess, found: Listed[]): Promise<void> {
    for (const document of sample(found, 3)) {
      const text = await running.call('GET', `/api/v1/documents/${document.id}/text`);
      const body = text.status === 200 ? (JSON.parse(text.text) as { text: string }).text : '';
      if (hashOf(body) !== document.content_hash) counts.unopenable += 1;
      const word = wordOf(document.external_id);
      const hits = await searchWhenWarm(running, word, ledger.get(document.external_id)?.position);
      const own = hits.filter((hit) => hit.document_id === document.id && hit.text.includes(word));
      if (own.length !== 1) counts.unsearchable += 1;
    }
  }

  function sample<Item>(items: readonly Item[], size: number): Item[] {
    return items.length === 0 ? [] : Array.from({ length: size }, () => items[random.integer(items.length)] as Item);
  }

  async function run(): Promise<AssuranceOutcome> {
    await start();
    const total = full ? kills.full : kills.ci;
    for (let kill = 0; kill < total; kill += 1) {
      await killOne(kill % 2 === 0 ? 'server' : 'database');
      await compare();
      if (kill % 10 === 9)
        log(`${kill + 1}/${total} kills, ${figures.acknowledged} acknowledged, ${JSON.stringify(counts)}`);
    }
    const controlFound = await control();
    const serverP99 = percentile(readyMs.server, 0.99);
    const databaseP99 = percentile(readyMs.database, 0.99);
    const failures = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return {
      n: total,
      figures: {
        ...figures,
        ...counts,
        ready_after_server_kill_p50_ms: percentile(readyMs.server, 0.5),
        ready_after_server_kill_p99_ms: serverP99,
        ready_after_database_kill_p50_ms: percentile(readyMs.database, 0.5),
        ready_after_database_kill_p99_ms: databaseP99,
        ready_p99_within_2_s: Math.max(serverP99, databaseP99) <= readyP99BoundMs,
        planted_faults_found: controlFound,
      },
      // The time is a figure beside its bound, not a verdict: a busy machine must not look like a lost document.
      pass: failures === 0 && controlFound === 3,
    };
  }

  /** Three planted faults that the comparison must find: an acknowledged document that is not there, one that nobody sent, one twice. */
  async function control(): Promise<number> {
    if (server === undefined) return 0;
    const found = await listAll(server);
    const clean = { lost: 0, duplicated: 0, phantom: 0, unopenable: 0, unsearchable: 0 };
    const withLoss = { ...clean };
    tally(
      found,
      new Map([...ledger, ['never-stored', { acknowledged: 'x', unanswered: new Set<string>() }]]),
      withLoss,
    );
    const withPhantom = { ...clean };
    const [first] = found;
    if (first === undefined) return 0;
    tally([...found, { ...first, external_id: 'never-sent' }], ledger, withPhantom);
    const withTwin = { ...clean };
    tally([...found, first], ledger, withTwin);
    return [withLoss.lost === 1, withPhantom.phantom === 1, withTwin.duplicated === 1].filter(Boolean).length;
  }

  return {
    run,
    async close() {
      await server?.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      rmSync(ledgerFolder, { recursive: true, force: true });
    },
  };
}

/** Nearest rank, whole milliseconds. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
}

function tally(found: readonly Listed[], ledger: ReadonlyMap<string, Entry>, counts: Counts): void {
  const byExternalId = Map.groupBy(found, (document) => document.external_id);
  for (const [externalId, documents] of byExternalId) {
    counts.duplicated += documents.length - 1;
    const entry = ledger.get(externalId);
    const state = documents[0]?.content_hash ?? '';
    if (entry === undefined || (entry.acknowledged === undefined && !entry.unanswered.has(state))) counts.phantom += 1;
  }
  for (const [externalId, { acknowledged, unanswered }] of ledger) {
    if (acknowledged === undefined) continue;
    const state = byExternalId.get(externalId)?.[0]?.content_hash ?? deleted;
    if (state !== acknowledged && !unanswered.has(state)) counts.lost += 1;
  }
}

type Listed = { id: string; external_id: string; content_hash: string };

async function findId(running: NexusProcess, externalId: string): Promise<string | undefined> {
  const reply = await running.call('GET', `/api/v1/documents?external_id=${externalId}`);
  return reply.status === 200 ? (JSON.parse(reply.text) as { items: Listed[] }).items[0]?.id : undefined;
}

async function listAll(running: NexusProcess): Promise<Listed[]> {
  const documents: Listed[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const reply = await getPatiently(running, `/api/v1/documents?limit=200${cursor && `&cursor=${cursor}`}`);
    if (reply.status !== 200) throw new Error(`The list of documents answered ${reply.status}: ${reply.text}`);
    const page = JSON.parse(reply.text) as { items: Listed[]; next_cursor: string | null };
    documents.push(...page.items);
    cursor = page.next_cursor;
  }
  return documents;
}

async function searchWhenWarm(
  running: NexusProcess,
  word: string,
  position: string | undefined,
): Promise<{ document_id: string; text: string }[]> {
  const at = position === undefined ? '' : `&at_least=${position}`;
  const reply = await getPatiently(running, `/api/v1/search?limit=50&query=${word}${at}`);
  if (reply.status !== 200) return [];
  return (JSON.parse(reply.text) as { passages: { document_id: string; text: string }[] }).passages;
}

/** A connection that the kill broke, or a cold index, is told as 503; a client tries again. */
async function getPatiently(running: NexusProcess, target: string): Promise<{ status: number; text: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const reply = await running.call('GET', target);
    if (reply.status !== 503 || attempt === 100) return reply;
    await sleep(50);
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const wordOf = (externalId: string) => `w${createHash('sha256').update(externalId).digest('hex').slice(0, 12)}`;

function textOf(externalId: string, random: SeededRandom): string {
  const paragraphs = Array.from(
    { length: 1 + random.integer(4) },
    (_, index) => `Paragraph ${index} has the number ${random.integer(1e9)}.`,
  );
  return `# ${externalId}\n\nThis document holds the word ${wordOf(externalId)} once.\n\n${paragraphs.join('\n\n')}\n`;
}

function postmasterPid(home: string): number {
  return Number(readFileSync(path.join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}
