/** Documents from the first request until they are searchable: both paths, both databases, no, one and two worker processes. */
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { makeDocuments } from './harness/documents.ts';
import { machineCpuSeconds } from './harness/machine.ts';
import { type NexusProcess, startNexus } from './harness/nexus-process.ts';
import { quantilesOf } from './harness/percentiles.ts';
import { ownUsage } from './harness/process-usage.ts';
import { readGauge } from './harness/prometheus.ts';
import { findServerPrograms, startServerPostgres } from './harness/server-postgres.ts';
import type { Bench, BenchContext } from './harness.ts';
import { measureMemory } from './ingest/memory.ts';
import { readRealCorpora } from './ingest/real-corpora.ts';
import { openIndex, type Sent, type SentDocument, sendDurable, sendWaiting, toSent } from './ingest/senders.ts';
import { watchStages } from './ingest/stage-times.ts';

const documentBytes = 2000;
const warmUpCount = 200;
const defaultSize = 1000;
/** Documents of each memory phase for each one of a run. */
const memoryFactor = 4;
const workerCounts = [0, 1, 2];

type MiniSearchModule = { default: new (options: object) => { add(document: object): void } };

export const bench: Bench = {
  name: 'ingest',
  describe:
    'Markdown of 2 KB and real files over HTTP, waited for and through the queue, by stage; --size N documents a run (1,000), 4 N for memory.',
  async run(context) {
    const size = context.size ?? defaultSize;
    const documents = makeDocuments(
      { count: warmUpCount + 2 * size, bytes: documentBytes },
      context.random,
      context.folder,
    );
    const sent = documents.map(toSent);
    const plan: Plan = {
      warmUp: sent.slice(0, warmUpCount),
      durable: sent.slice(warmUpCount, warmUpCount + size),
      waiting: sent.slice(warmUpCount + size),
    };
    for (const workers of workerCounts) await measureEmbedded(context, plan, workers);
    await measureServerPostgres(context, plan);
    await measureRealCorpora(context);
    await measureMemory(context, size * memoryFactor);
    await measureMiniSearch(context, documents.slice(0, warmUpCount + size));
  },
};

type Plan = { warmUp: SentDocument[]; durable: SentDocument[]; waiting: SentDocument[] };

async function measureEmbedded(context: BenchContext, plan: Plan, workers: number): Promise<void> {
  const server = await startNexus(path.join(context.folder, `embedded-${workers}`), workerSettings(workers));
  try {
    const name = `embedded, ${nameOf(workers)}`;
    await openIndex(server);
    await sendDurable(server, plan.warmUp);
    const durable = await measure(context, { server, name: `${name}, durable` }, plan.durable, sendDurable);
    if (workers > 0) return;
    const waiting = await measure(context, { server, name: `${name}, waited for` }, plan.waiting, sendWaiting);
    context.result('durable ÷ waited for', '×', durable / waiting);
    context.target('documents/s, durable', durable, { atLeast: 200 });
    context.target('documents/s, waited for', waiting, { atLeast: 200 });
  } finally {
    await server.stop();
  }
}

async function measureServerPostgres(context: BenchContext, plan: Plan): Promise<void> {
  const programs = findServerPrograms();
  if (programs === undefined) {
    context.log('No PostgreSQL server is installed: its runs are left out.');
    return;
  }
  // The server runs as another user when we are root.
  chmodSync(context.folder, 0o755);
  for (const workers of workerCounts) {
    const folder = path.join(context.folder, `server-${workers}`);
    const postgres = await startServerPostgres(folder, programs);
    const settings = { ...postgres.settings, ...workerSettings(workers) };
    const server = await startNexus(path.join(folder, 'home'), settings);
    try {
      const run = { server, name: `server, ${nameOf(workers)}`, postgresPid: postgres.pid };
      await openIndex(server);
      await sendDurable(server, plan.warmUp);
      await measure(context, { ...run, name: `${run.name}, durable` }, plan.durable, sendDurable);
      if (workers === 0) await measure(context, { ...run, name: `${run.name}, waited for` }, plan.waiting, sendWaiting);
    } finally {
      await server.stop();
      await postgres.stop();
    }
  }
}

async function measureRealCorpora(context: BenchContext): Promise<void> {
  for (const { name, documents } of readRealCorpora(context.folder)) {
    for (const [way, send] of [
      ['durable', sendDurable],
      ['waited for', sendWaiting],
    ] as const) {
      const server = await startNexus(
        path.join(context.folder, `${name}-${way === 'durable' ? 'durable' : 'waiting'}`),
      );
      try {
        await openIndex(server);
        await sendDurable(server, [{ name: 'warm.md', bytes: Buffer.from('# Warm\n\nEverything is loaded.') }]);
        await measure(context, { server, name: `${name}, ${way}` }, documents, send);
      } finally {
        await server.stop();
      }
    }
  }
}

const workerSettings = (workers: number): Record<string, string> => ({ NEXUS_WORKER__PROCESSES: String(workers) });
const nameOf = (workers: number): string =>
  workers === 0 ? 'worker in the server' : `${workers} worker process${workers === 1 ? '' : 'es'}`;

type Run = { server: NexusProcess; name: string; postgresPid?: number };
type Send = (server: NexusProcess, documents: readonly SentDocument[]) => Promise<Sent>;

/** Returns documents a second. */
async function measure(
  context: BenchContext,
  { server, name, postgresPid }: Run,
  documents: readonly SentDocument[],
  send: Send,
): Promise<number> {
  const stagesSince = await watchStages(server);
  const productSeconds = (): number =>
    [server.pid, postgresPid ?? []].flat().reduce((sum, pid) => sum + context.usageOf(pid).cpuSeconds, 0);
  const before = { product: productSeconds(), own: ownUsage().cpuSeconds, machine: machineCpuSeconds() };
  const { seconds, acceptedSeconds, latenciesMs, refused } = await send(server, documents);
  const product = productSeconds() - before.product;
  const others = machineCpuSeconds() - before.machine - product - (ownUsage().cpuSeconds - before.own);
  const megabytes = documents.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) / 1e6;
  const rate = documents.length / seconds;
  context.result(`${name}: documents`, 'documents/s', rate);
  context.result(`${name}: bytes`, 'MB/s', megabytes / seconds);
  context.result(`${name}: answers of requests`, 'requests/s', documents.length / acceptedSeconds);
  context.result(`${name}: answer of one request`, 'ms', quantilesOf(latenciesMs));
  for (const { stage, latencyMs, documents: passed, seconds: inStage } of await stagesSince()) {
    context.result(`${name}: stage ${stage}`, 'ms', latencyMs);
    context.result(`${name}: stage ${stage}, alone`, 'documents/s', passed / inStage);
    context.result(
      `${name}: stage ${stage}, alone, bytes`,
      'MB/s',
      (megabytes / documents.length) * (passed / inStage),
    );
  }
  context.result(
    `${name}: CPU of server, workers, parsers and database`,
    'ms/document',
    (product * 1000) / documents.length,
  );
  context.result(`${name}: CPU of everybody else meanwhile`, 'cores', others / seconds);
  const metrics = (await server.call('GET', '/metrics')).text;
  const delayMs = readGauge(metrics, 'nexus_event_loop_delay_p999_seconds') * 1000;
  context.result(`${name}: event-loop delay p99.9`, 'ms', delayMs);
  if (refused.length > 0) context.result(`${name}: not searchable (${summed(refused)})`, 'documents', refused.length);
  context.log(`${name}: ${rate.toFixed(0)} documents/s, others used ${(others / seconds).toFixed(2)} cores`);
  return rate;
}

function summed(codes: readonly string[]): string {
  const counts = [...Map.groupBy(codes, (code) => code)].map(([code, all]) => `${all.length} ${code}`);
  return counts.sort().join(', ');
}

/** Not the same work: no parser, no vectors, nothing kept. It is what adding words to an index alone costs. */
async function measureMiniSearch(context: BenchContext, documents: ReturnType<typeof makeDocuments>): Promise<void> {
  const peer = await context.peer<MiniSearchModule>('minisearch');
  if (peer === undefined) return;
  const index = new peer.default({ fields: ['text'], idField: 'name' });
  const startedMs = performance.now();
  for (const document of documents) index.add(document);
  const seconds = (performance.now() - startedMs) / 1000;
  context.result('peer: MiniSearch, words only, in memory', 'documents/s', documents.length / seconds);
}
