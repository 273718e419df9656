/**
 * Does the server grow? Measured after a full collection, twice: while a fixed set of documents is replaced again and
 * again, where nothing may grow, and with new documents, where the search index holds each of them.
 */
import path from 'node:path';
import { makeDocuments } from '../harness/documents.ts';
import { type HeapProbe, prepareHeapProbe } from '../harness/heap-probe.ts';
import { type NexusProcess, startNexus } from '../harness/nexus-process.ts';
import { type Point, theilSenSlope } from '../harness/theil-sen.ts';
import type { BenchContext } from '../harness.ts';
import { openIndex, type SentDocument, sendDurable, toSent } from './senders.ts';

const documentBytes = 2000;
/** Readings of one phase; the slope is that of the second half. */
const readings = 20;
/** Fewer documents tell less than the noise of a reading. */
const fewestForTarget = 20_000;

/** `count` documents in each of the two phases. */
export async function measureMemory(context: BenchContext, count: number): Promise<void> {
  const probe = await prepareHeapProbe();
  const server = await startNexus(path.join(context.folder, 'memory'), probe.settings);
  try {
    await openIndex(server);
    const heap = await probe.open(server.pid);
    const fixed = Math.max(readings, Math.round(count / 10));
    const make = (from: number, wanted: number, externalIdOf: (index: number) => string): SentDocument[] =>
      makeDocuments({ count: wanted, bytes: documentBytes }, context.random, context.folder).map((document, index) => ({
        ...toSent(document),
        externalId: externalIdOf(from + index),
      }));
    const replaced = (from: number, wanted: number) => make(from, wanted, (index) => `fixed-${index % fixed}`);
    const added = (from: number, wanted: number) => make(from, wanted, (index) => `new-${index}`);
    await sendDurable(server, replaced(0, fixed));
    const phase = { context, server, heap, count };
    const leak = await measurePhase(phase, `replaced (${count} over a set of ${fixed})`, replaced);
    const growth = await measurePhase(phase, `new (${count})`, added);
    context.result('memory: the index, live bytes for each new document', 'KiB', ((growth - leak) / 10_000) * 1024);
    if (count >= fewestForTarget) {
      context.target('memory slope with replaced documents, MiB per 10,000', leak, { atMost: 1 });
    }
    heap.close();
  } finally {
    await server.stop();
  }
}

type Phase = { context: BenchContext; server: NexusProcess; heap: HeapProbe; count: number };

/** Returns the slope of the live memory, in MiB per 10,000 documents. */
async function measurePhase(
  { context, server, heap, count }: Phase,
  name: string,
  make: (from: number, wanted: number) => SentDocument[],
): Promise<number> {
  const each = Math.ceil(count / readings);
  const points: { sent: number; liveMiB: number; rssMiB: number; treeMiB: number }[] = [];
  for (let sent = 0; sent < count; sent += each) {
    await sendDurable(server, make(sent, Math.min(each, count - sent)));
    const { liveMiB, rssMiB } = await heap.read();
    points.push({ sent: sent + each, liveMiB, rssMiB, treeMiB: context.usageOf(server.pid).pssMiB });
    context.log(
      `memory, ${name}: ${sent + each} sent, ${liveMiB.toFixed(1)} MiB live, ${rssMiB.toFixed(1)} MiB resident`,
    );
  }
  const secondHalf = points.slice(points.length / 2);
  const slopeOf = (pick: (point: (typeof points)[number]) => number): number =>
    theilSenSlope(secondHalf.map((point): Point => ({ x: point.sent / 10_000, y: pick(point) })));
  const live = slopeOf(({ liveMiB }) => liveMiB);
  const last = points.at(-1);
  context.result(`memory, ${name}: slope of live bytes`, 'MiB/10,000', live);
  context.result(
    `memory, ${name}: slope of resident set`,
    'MiB/10,000',
    slopeOf(({ rssMiB }) => rssMiB),
  );
  context.result(
    `memory, ${name}: slope of PSS with database and parsers`,
    'MiB/10,000',
    slopeOf(({ treeMiB }) => treeMiB),
  );
  context.result(`memory, ${name}: live at the end`, 'MiB', last?.liveMiB ?? Number.NaN);
  context.result(`memory, ${name}: resident at the end`, 'MiB', last?.rssMiB ?? Number.NaN);
  return live;
}
