/**
 * S5: files made to hurt, sent to a real server over HTTP while good small files go on coming in. The server must live,
 * each reader must stay within its memory and time, the others must not notice much, and nothing may get out: no file
 * written or read, no connection, no secret in a reply. Seven planted faults prove that the checks can fire and that the
 * sandbox stops what they find.
 */
import { mkdirSync, mkdtempSync, openAsBlob, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { type Canaries, openCanaries } from '../support/canaries.ts';
import { hostileFilesFromWorker, type MadeFile } from '../support/hostile-file-worker.ts';
import { watchMemory } from '../support/memory-watch.ts';
import { tryPlantedFaults } from '../support/try-planted-faults.ts';

/** Between two good files: neither an idle server nor a saturated one. */
const goodEveryMs = 100;
/** Enough for a p99 of some meaning; the look beside lasts as long as the hostile files take. */
const baselineMs = { ci: 20_000, full: 60_000 };
/** The product's own limit is 30 s; a shorter one keeps the small run within minutes and changes nothing else. */
const deadlineMs = { ci: 4_000, full: 30_000 };
/** Above the deadline: upload, queue, start of a new reader. */
const slackMs = 10_000;
const memoryLimitMiB = 512;
/** Before anything is measured: the first files start readers and warm the model. */
const warmUpFiles = 30;

export const program: AssuranceProgram = {
  describe: 'S5: hostile files against a real server, beside a stream of good ones',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-hostile-'));
    const canaries = await openCanaries(folder);
    try {
      return await runIn({ ...context, folder, canaries });
    } finally {
      await canaries.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

type Trial = AssuranceContext & { folder: string; canaries: Canaries };

async function runIn(trial: Trial): Promise<AssuranceOutcome> {
  const { full, canaries, folder, log } = trial;
  const control = await tryPlantedFaults({ folder, canaries });
  for (const line of control.lines) log(line);
  canaries.reset();
  mkdirSync(path.join(folder, 'home'));
  const limit = full ? deadlineMs.full : deadlineMs.ci;
  const server = await startNexus(path.join(folder, 'home'), {
    NEXUS_SANDBOX__DEADLINE_MS: String(limit),
    [canaries.variable]: canaries.secret,
  });
  const memory = watchMemory(server.pid, 'parser-child');
  try {
    for (let index = 0; index < warmUpFiles; index += 1) await sendGood(server, index, noGood(), { label: 'warm-up' });
    const current = { label: 'nothing' };
    // Making the files takes a processor of the same machine: the others are looked at beside that, too.
    const alone = await streamGood(server, makeOnly(trial, full ? baselineMs.full : baselineMs.ci), current);
    const sending = sendAll(server, trial, current);
    const beside = await streamGood(server, sending, current);
    return await report({
      alone,
      beside,
      sent: await sending,
      control,
      server,
      trial,
      limit,
      memoryPeakMiB: memory.peakMiB(),
    });
  } finally {
    memory.close();
    await server.stop();
  }
}

/** Makes hostile files and sends none. */
async function makeOnly({ seed, full, canaries }: Trial, forMs: number): Promise<void> {
  const { file, url, name } = canaries;
  const startMs = performance.now();
  while (performance.now() - startMs < forMs) {
    for await (const _ of hostileFilesFromWorker({ seed, full, bait: { file, url, name } })) {
      if (performance.now() - startMs > forMs) break;
    }
  }
}

type Sent = { n: number; byAnswer: Record<string, number>; slowest: number; slowestLabel: string; faults: string[] };
type Good = { latencies: number[]; failures: number; slowest: { ms: number; during: string }[] };

/** What is being read beside the good files. */
type Current = { label: string };

const noGood = (): Good => ({ latencies: [], failures: 0, slowest: [] });
const slowestTold = 10;

async function sendAll(
  server: NexusProcess,
  { seed, full, folder, canaries, log }: Trial,
  current: Current,
): Promise<Sent> {
  const sent: Sent = { n: 0, byAnswer: {}, slowest: 0, slowestLabel: '', faults: [] };
  const { file, url, name } = canaries;
  for await (const hostile of hostileFilesFromWorker({ seed, full, bait: { file, url, name } })) {
    if (server.child.exitCode !== null || server.child.signalCode !== null) break;
    const startMs = performance.now();
    current.label = `${hostile.label} (${hostile.filename.slice(0, 40)})`;
    const { answer, replies } = await sendOne(server, hostile, folder);
    const elapsedMs = performance.now() - startMs;
    sent.n += 1;
    sent.byAnswer[answer] = (sent.byAnswer[answer] ?? 0) + 1;
    if (elapsedMs > sent.slowest)
      Object.assign(sent, { slowest: elapsedMs, slowestLabel: `${hostile.label} (${hostile.filename.slice(0, 40)})` });
    if (answer === 'connection closed') log(`${hostile.label} (${hostile.filename.slice(0, 40)}): ${replies}`);
    const leaked = canaries.foundIn(replies);
    if (leaked !== undefined)
      sent.faults.push(`${hostile.label} (${hostile.filename.slice(0, 40)}): ${leaked} in the reply`);
    if (/^5\d\d (?!PARSER_)/.test(answer))
      sent.faults.push(`${hostile.label} (${hostile.filename.slice(0, 40)}): ${answer}`);
    if (sent.n % 200 === 0) log(`${sent.n} sent, ${JSON.stringify(sent.byAnswer)}`);
  }
  return sent;
}

const causeOf = (error: unknown): string =>
  error instanceof Error ? `${error.message}: ${String(error.cause)}` : String(error);

type Answer = { answer: string; replies: string };

async function sendOne(server: NexusProcess, hostile: MadeFile, folder: string): Promise<Answer> {
  const { filename, label } = hostile;
  const query = `filename=${encodeURIComponent(filename.toWellFormed())}&external_id=hostile-${encodeURIComponent(label).slice(0, 200)}`;
  const body = await toBody(hostile, folder);
  const reply = await fetch(`${server.url}/api/v1/documents?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/octet-stream' },
    body,
  }).catch((error: unknown) => error);
  if (!(reply instanceof Response)) return { answer: 'connection closed', replies: causeOf(reply) };
  const text = await reply.text().catch(String);
  const { id, document_id, code } = fieldsOf(text);
  const found = id ?? document_id;
  const stored = found === undefined ? '' : (await server.call('GET', `/api/v1/documents/${found}/text`)).text;
  return { answer: `${reply.status} ${code ?? 'read'}`, replies: text + stored };
}

async function toBody({ bytes, sparseBytes }: MadeFile, folder: string): Promise<Blob | Uint8Array<ArrayBuffer>> {
  if (bytes !== undefined) return bytes;
  const file = path.join(folder, 'sparse');
  writeFileSync(file, '');
  truncateSync(file, sparseBytes);
  return openAsBlob(file);
}

function fieldsOf(text: string): { id?: string; document_id?: string; code?: string } {
  try {
    return JSON.parse(text);
  } catch {
    // An answer that is no JSON has no fields; it is looked through for secrets all the same.
    return {};
  }
}

/** Closed loop, as a person or a program works: the next file a little after the last was answered, until the other work is done. */
async function streamGood(server: NexusProcess, until: Promise<unknown>, current: Current): Promise<Good> {
  const good = noGood();
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  for (let index = 0; !isOver; index += 1) {
    await sendGood(server, index, good, current);
    await sleep(goodEveryMs);
  }
  return good;
}

async function sendGood(server: NexusProcess, index: number, good: Good, current: Current): Promise<void> {
  const startMs = performance.now();
  const before = current.label;
  const text = `# Good ${index}\n\nA small file number ${index} of ${Math.round(startMs)}.\n`;
  const reply = await server
    .call('POST', `/api/v1/documents?filename=good.md&external_id=good-${index % 50}`, text)
    .catch(() => undefined);
  const ms = performance.now() - startMs;
  const during = before === current.label ? before : `${before}, then ${current.label}`;
  good.slowest = [...good.slowest, { ms, during }].sort((one, other) => other.ms - one.ms).slice(0, slowestTold);
  if (reply === undefined || reply.status >= 300) good.failures += 1;
  else good.latencies.push(ms);
}

type Ending = {
  alone: Good;
  beside: Good;
  sent: Sent;
  control: Awaited<ReturnType<typeof tryPlantedFaults>>;
  server: NexusProcess;
  trial: Trial;
  limit: number;
  memoryPeakMiB: number;
};

async function report({
  alone,
  beside,
  sent,
  control,
  server,
  trial,
  limit,
  memoryPeakMiB,
}: Ending): Promise<AssuranceOutcome> {
  const { canaries, log } = trial;
  const isAlive = await isReady(server, log);
  const escapes = canaries.escapes();
  for (const line of [...sent.faults, ...escapes]) log(line);
  for (const { ms, during } of beside.slowest) log(`a good file took ${Math.round(ms)} ms beside: ${during}`);
  const [quiet, busy] = [percentile(alone.latencies, 0.99), percentile(beside.latencies, 0.99)];
  return {
    n: sent.n,
    figures: {
      server_alive: isAlive,
      escapes: escapes.length,
      secrets_in_replies_or_broken_answers: sent.faults.length,
      slowest_file_ms: Math.round(sent.slowest),
      slowest_file: sent.slowestLabel,
      reader_memory_peak_mib: Math.round(memoryPeakMiB),
      reader_memory_within_512_mib: memoryPeakMiB <= memoryLimitMiB,
      good_files_alone: alone.latencies.length,
      good_files_beside: beside.latencies.length,
      good_files_failed: alone.failures + beside.failures,
      good_p50_alone_ms: percentile(alone.latencies, 0.5),
      good_p50_beside_ms: percentile(beside.latencies, 0.5),
      good_p99_alone_ms: quiet,
      good_p99_beside_ms: busy,
      good_slowest_beside_ms: Math.round(beside.slowest[0]?.ms ?? 0),
      good_slowest_during: beside.slowest[0]?.during ?? 'nothing',
      good_p99_ratio: Math.round((busy / quiet) * 100) / 100,
      planted_faults_seen: control.seen,
      planted_faults_contained: control.contained,
      planted_faults: control.planted,
      ...Object.fromEntries(Object.entries(sent.byAnswer).map(([answer, count]) => [`answered ${answer}`, count])),
    },
    pass:
      isAlive &&
      escapes.length === 0 &&
      sent.faults.length === 0 &&
      sent.slowest <= limit + slackMs &&
      memoryPeakMiB <= memoryLimitMiB &&
      beside.failures + alone.failures === 0 &&
      control.seen === control.planted &&
      control.contained === control.planted,
  };
}

const patienceMs = 10_000;

/** The last file may still be at work in a reader; the server itself must answer soon after. */
async function isReady(server: NexusProcess, log: (line: string) => void): Promise<boolean> {
  let last = 'nothing';
  for (const startMs = performance.now(); performance.now() - startMs < patienceMs; await sleep(200)) {
    if (server.child.exitCode !== null || server.child.signalCode !== null) break;
    last = await fetch(`${server.url}/health/ready`).then(
      async (reply) => `${reply.status} ${await reply.text()}`,
      causeOf,
    );
    if (last.startsWith('200')) return true;
  }
  log(`not ready at the end: ${last}, exit code ${server.child.exitCode}, signal ${server.child.signalCode}`);
  return false;
}

/** Nearest rank, whole milliseconds. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
}
