/** Search over HTTP at 100 requests a second on 10,000 chunks, at rest and during ingestion; the legs beside peers. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { type BenchDocument, makeDocuments } from './harness/documents.ts';
import { type NexusProcess, startNexus } from './harness/nexus-process.ts';
import type { Bench, BenchContext } from './harness.ts';

const chunks = 10_000;
/** Sized so that each document is one chunk of about 350 tokens. */
const chunkBytes = 1500;
const ratePerSecond = 100;
const durationMs = 20_000;
const warmUpMs = 3000;
const senders = 4;

type MiniSearchModule = {
  default: new (options: object) => { addAll(documents: object[]): void; search(query: string): unknown[] };
};
type OramaModule = {
  create(options: object): unknown;
  insertMultiple(index: unknown, documents: object[]): Promise<unknown>;
  search(index: unknown, query: object): Promise<unknown>;
};

export const bench: Bench = {
  name: 'search',
  describe:
    'GET /api/v1/search on 10,000 chunks at 100 requests/s, at rest and during ingestion; keyword leg beside MiniSearch and Orama.',
  async run(context) {
    const documents = makeDocuments({ count: chunks + 4000, bytes: chunkBytes }, context.random, context.folder);
    const corpus = documents.slice(0, chunks);
    const queries = makeQueries(context, corpus);
    await measureServer(context, corpus, documents.slice(chunks), queries);
    await measurePeers(context, corpus, queries);
  },
};

/** Four to eight words that stand together in a document: what people paste into a search box. */
function makeQueries(context: BenchContext, documents: BenchDocument[]): string[] {
  return Array.from({ length: 500 }, () => {
    const words = context.random
      .pick(documents)
      .text.replaceAll(/[^\p{L}\p{N} ]+/gu, ' ')
      .split(/\s+/)
      .filter(Boolean);
    const start = context.random.integer(Math.max(1, words.length - 8));
    return words.slice(start, start + 4 + context.random.integer(5)).join(' ');
  });
}

async function measureServer(context: BenchContext, corpus: BenchDocument[], more: BenchDocument[], queries: string[]) {
  const server = await startNexus(path.join(context.folder, 'home'));
  try {
    await upload(server, corpus, new AbortController().signal);
    const list = JSON.parse((await server.call('GET', '/api/v1/documents?limit=200')).text) as {
      items: { chunks: number }[];
    };
    const chunksPerDocument = list.items.reduce((sum, item) => sum + item.chunks, 0) / list.items.length;
    context.result('chunks in the index', 'chunks', Math.round(corpus.length * chunksPerDocument));
    await warmUp(server, queries);
    await measurePhase(context, server, queries, 'at rest');
    const stop = new AbortController();
    const ingesting = upload(server, more, stop.signal);
    const done = await measurePhase(context, server, queries, 'during ingestion');
    stop.abort();
    context.result('documents ingested meanwhile', 'documents/s', (await ingesting) / done);
    const { pssMiB } = context.usageOf(server.pid);
    context.result('memory (PSS of server, database and parsers)', 'MiB', pssMiB);
  } finally {
    await server.stop();
  }
}

async function warmUp(server: NexusProcess, queries: string[]): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if ((await searchOnce(server, queries[0] ?? '')) === 200) return;
    await sleep(500);
  }
  throw new Error('The index did not become warm within 30 s.');
}

const searchOnce = async (server: NexusProcess, query: string) =>
  (await server.call('GET', `/api/v1/search?query=${encodeURIComponent(query)}`)).status;

/** Returns how long the phase took, in seconds. */
async function measurePhase(
  context: BenchContext,
  server: NexusProcess,
  queries: string[],
  phase: string,
): Promise<number> {
  const before = context.usageOf(server.pid);
  const startedMs = performance.now();
  const load = await context.openLoop({
    ratePerSecond,
    durationMs,
    warmUpMs,
    async send(index) {
      const status = await searchOnce(server, queries[index % queries.length] ?? '');
      if (status !== 200) throw new Error(`status ${status}`);
    },
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const after = context.usageOf(server.pid);
  const failures = Object.values(load.failures).reduce((sum, count) => sum + count, 0);
  if (load.latencyMs === undefined) throw new Error(`Every request failed: ${JSON.stringify(load.failures)}`);
  const loopDelayMs = await eventLoopDelayMs(server);
  context.result(`latency ${phase}`, 'ms', load.latencyMs);
  context.result(`failures of ${load.sent} ${phase}`, 'requests', failures);
  context.result(`event-loop delay p99.9 ${phase}`, 'ms', loopDelayMs);
  context.result(`CPU ${phase}`, 'ms/request', ((after.cpuSeconds - before.cpuSeconds) * 1000) / (load.sent || 1));
  context.target(`failures ${phase}`, failures, { atMost: 0 });
  if (phase === 'at rest') context.target('latency p99 at rest, ms', load.latencyMs.p99, { atMost: 20 });
  context.target(`event-loop delay p99.9 ${phase}, ms`, loopDelayMs, { atMost: 50 });
  return seconds;
}

async function eventLoopDelayMs(server: NexusProcess): Promise<number> {
  const metrics = (await server.call('GET', '/metrics')).text;
  return Number(/^nexus_event_loop_delay_p999_seconds (\S+)/m.exec(metrics)?.[1] ?? Number.NaN) * 1000;
}

/** Returns how many documents were taken before the signal. */
async function upload(server: NexusProcess, documents: BenchDocument[], stop: AbortSignal): Promise<number> {
  const waiting = documents.values();
  let taken = 0;
  const send = async () => {
    for (const { name, text } of waiting) {
      if (stop.aborted) return;
      const reply = await server.call('POST', `/api/v1/documents?filename=${name}`, Buffer.from(text));
      if (reply.status !== 201) throw new Error(`${name} was answered ${reply.status}: ${reply.text}`);
      taken += 1;
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  return taken;
}

/** The keyword leg alone, in this process, the same texts and queries for all. */
async function measurePeers(context: BenchContext, corpus: BenchDocument[], queries: string[]): Promise<void> {
  const ours = createSearchIndex({ dimensions: 1 });
  for (const { name, text } of corpus) ours.add({ id: name, title: '', body: text, vector: undefined });
  const measure = async (name: string, work: (query: string) => unknown) => {
    const { elapsedMs, cpuMsPerRun } = await context.repeat({
      warmUp: 100,
      repetitions: 500,
      work: (index) => work(queries[index % queries.length] ?? ''),
    });
    context.result(`keyword leg: ${name}`, 'ms', elapsedMs);
    context.result(`keyword leg: ${name}, CPU`, 'ms/query', cpuMsPerRun);
    return elapsedMs.p50;
  };
  const own = await measure('Nexus', (query) => ours.keyword(query, 50));
  const mini = await context.peer<MiniSearchModule>('minisearch');
  if (mini !== undefined) {
    const index = new mini.default({ fields: ['text'], idField: 'name' });
    index.addAll(corpus);
    const peer = await measure('MiniSearch', (query) => index.search(query).slice(0, 50));
    context.result('MiniSearch ÷ Nexus, p50', '×', peer / own);
  }
  const orama = await context.peer<OramaModule>('@orama/orama');
  if (orama !== undefined) {
    const index = orama.create({ schema: { name: 'string', text: 'string' } });
    await orama.insertMultiple(index, corpus);
    const peer = await measure('Orama', (query) =>
      orama.search(index, { term: query, properties: ['text'], limit: 50 }),
    );
    context.result('Orama ÷ Nexus, p50', '×', peer / own);
  }
}
