/** Documents through the whole line over HTTP: parser child, chunks, vectors, one durable transaction each. */
import path from 'node:path';
import { makeDocuments } from './harness/documents.ts';
import { type NexusProcess, startNexus } from './harness/nexus-process.ts';
import type { Bench, BenchContext } from './harness.ts';

const documentBytes = 2000;
const warmUpCount = 200;
const count = 2000;
const senders = 4;

type MiniSearchModule = { default: new (options: object) => { add(document: object): void } };

export const bench: Bench = {
  name: 'ingest',
  describe: '2,000 Markdown documents of 2 KB over HTTP; beside MiniSearch, which only indexes words in memory.',
  async run(context) {
    const documents = makeDocuments(
      { count: warmUpCount + count, bytes: documentBytes },
      context.random,
      context.folder,
    );
    const server = await startNexus(path.join(context.folder, 'home'));
    try {
      await measureNexus(context, server, documents);
    } finally {
      await server.stop();
    }
    await measureMiniSearch(context, documents);
  },
};

type Documents = ReturnType<typeof makeDocuments>;

async function measureNexus(context: BenchContext, server: NexusProcess, documents: Documents): Promise<void> {
  await sendAll(server, documents.slice(0, warmUpCount));
  const before = context.usageOf(server.pid);
  const startedMs = performance.now();
  await sendAll(server, documents.slice(warmUpCount));
  const seconds = (performance.now() - startedMs) / 1000;
  const after = context.usageOf(server.pid);
  const bytes = documents.slice(warmUpCount).reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  context.result('documents', 'documents/s', count / seconds);
  context.result('text', 'MB/s', bytes / 1e6 / seconds);
  context.result(
    'CPU of server, database and parsers',
    'ms/document',
    ((after.cpuSeconds - before.cpuSeconds) * 1000) / count,
  );
  context.result('memory during ingestion (PSS)', 'MiB', after.pssMiB);
  context.target('documents/s', count / seconds, { atLeast: 200 });
}

async function sendAll(server: NexusProcess, documents: Documents): Promise<void> {
  const waiting = documents.values();
  const send = async () => {
    for (const { name, text } of waiting) {
      const reply = await server.call('POST', `/api/v1/documents?filename=${name}`, Buffer.from(text));
      if (reply.status !== 201) throw new Error(`${name} was answered ${reply.status}: ${reply.text}`);
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
}

/** Not the same work: no parser, no vectors, nothing kept. It is what adding words to an index alone costs. */
async function measureMiniSearch(context: BenchContext, documents: Documents): Promise<void> {
  const peer = await context.peer<MiniSearchModule>('minisearch');
  if (peer === undefined) return;
  const index = new peer.default({ fields: ['text'], idField: 'name' });
  const startedMs = performance.now();
  for (const document of documents) index.add(document);
  const seconds = (performance.now() - startedMs) / 1000;
  context.result('peer: MiniSearch, words only, in memory', 'documents/s', documents.length / seconds);
}
