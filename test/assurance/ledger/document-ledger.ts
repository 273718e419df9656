/**
 * A ledger of documents outside of the product: what was sent, and what was acknowledged, written down after each answer.
 * Whatever happened to the product meanwhile, `compare` says what is lost, doubled, invented, damaged or not found.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../../bench/harness/seeded-random.ts';

/** What the ledger needs of a server. */
export type LedgerServer = {
  call(method: string, target: string, body?: string | Uint8Array): Promise<{ status: number; text: string }>;
};

/** What the ledger knows of one external id: the last acknowledged state, and what was sent and not answered. */
type Entry = {
  acknowledged: string | undefined;
  unanswered: Set<string>;
  /** Index position of the last acknowledged upload that waited for it. */
  position?: string;
  /** The queue has it: nothing else is sent for this document until all is settled. */
  isQueued?: boolean;
};

/** `unsettled`: comparisons before which the queue had not ended its work in time. */
export type Counts = {
  lost: number;
  duplicated: number;
  phantom: number;
  unopenable: number;
  unsearchable: number;
  unsettled: number;
};

export type DocumentLedger = {
  readonly counts: Counts;
  readonly acknowledged: number;
  readonly queued: number;
  readonly compared: number;
  /** Longest time until the queue had ended its work, in milliseconds. */
  readonly longestSettleMs: number;
  /** Sends uploads that wait, uploads that are queued, and deletions, until the signal is aborted. */
  send(server: LedgerServer, stop: AbortSignal): Promise<void>;
  /**
   * Waits until the queue has nothing more to do, then compares everything with the ledger. With `isSettled` false it does
   * not wait, and leaves out what is queued: for where a dead worker's jobs are taken over only after a while. The same
   * when the queue does not end in time, which is counted.
   */
  compare(server: LedgerServer, options?: { isSettled?: boolean }): Promise<void>;
  /** Plants a loss, an invention and a twin before the comparison; answers how many of the three it found. */
  findPlanted(server: LedgerServer): Promise<number>;
};

const deleted = 'deleted';
const pauseAfterFailureMs = 5;
const searchableWithinMs = 5_000;

/**
 * `file` lies on another disk than the product's. Errors that the trial itself caused are told by `isExpected`. A queue
 * that works for longer than `settleDeadlineMs` without pause is counted as unsettled.
 */
export function createDocumentLedger({
  random,
  file,
  isExpected = () => true,
  settleDeadlineMs = 180_000,
}: {
  random: SeededRandom;
  file: string;
  isExpected?: (error: unknown) => boolean;
  settleDeadlineMs?: number;
}): DocumentLedger {
  const entries = new Map<string, Entry>();
  const counts = noFaults();
  const figures = { acknowledged: 0, queued: 0, compared: 0, longestSettleMs: 0 };
  const busy = new Set<string>();
  let next = 0;

  const entryOf = (externalId: string): Entry => {
    const entry = entries.get(externalId) ?? { acknowledged: undefined, unanswered: new Set<string>() };
    entries.set(externalId, entry);
    return entry;
  };

  function acknowledge(externalId: string, state: string): void {
    const entry = entryOf(externalId);
    entry.acknowledged = state;
    entry.unanswered.clear();
    figures.acknowledged += 1;
    appendFileSync(file, `${JSON.stringify([externalId, state])}\n`);
  }

  async function upload(server: LedgerServer, externalId: string, wait: boolean): Promise<void> {
    const entry = entryOf(externalId);
    const text = textOf(externalId, random);
    entry.unanswered.add(hashOf(text));
    if (!wait) entry.isQueued = true;
    const target = `/api/v1/documents?filename=a.md&external_id=${externalId}${wait ? '' : '&wait=false'}`;
    const reply = await server.call('POST', target, text);
    if (reply.status >= 300) return;
    if (wait) entry.position = (JSON.parse(reply.text) as { position: string }).position;
    else {
      delete entry.position;
      figures.queued += 1;
    }
    acknowledge(externalId, hashOf(text));
  }

  async function remove(server: LedgerServer, externalId: string): Promise<void> {
    const documentId = await findId(server, externalId);
    if (documentId === undefined) return;
    entryOf(externalId).unanswered.add(deleted);
    const reply = await server.call('DELETE', `/api/v1/documents/${documentId}`);
    if (reply.status < 300) acknowledge(externalId, deleted);
  }

  function sendOne(server: LedgerServer, externalId: string): Promise<void> {
    const dice = random.integer(10);
    if (dice === 0) return remove(server, externalId);
    return upload(server, externalId, dice < 6);
  }

  /** A new document, or one that exists and that nothing else is under way for. */
  function pick(): string | undefined {
    const isKnown = random.integer(10) < 3 && next > 0;
    const externalId = `document-${isKnown ? random.integer(next) : next++}`;
    return busy.has(externalId) || entries.get(externalId)?.isQueued ? undefined : externalId;
  }

  /** False when the queue still works at the deadline, which is counted. */
  async function settled(server: LedgerServer): Promise<boolean> {
    const startedMs = performance.now();
    const hasEnded = await untilSettled(server, settleDeadlineMs);
    figures.longestSettleMs = Math.max(figures.longestSettleMs, Math.round(performance.now() - startedMs));
    if (!hasEnded) counts.unsettled += 1;
    return hasEnded;
  }

  /** The queue is empty: what was queued and not answered is either there now or never will be. */
  function settle(found: readonly Listed[]): void {
    const states = new Map(found.map((document) => [document.external_id, document.content_hash]));
    for (const [externalId, entry] of entries) {
      if (!entry.isQueued) continue;
      const state = states.get(externalId);
      if (state !== undefined && entry.unanswered.has(state)) entry.acknowledged = state;
      entry.unanswered.clear();
      delete entry.isQueued;
    }
  }

  async function listAll(server: LedgerServer): Promise<Listed[]> {
    const documents: Listed[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const reply = await getPatiently(server, `/api/v1/documents?limit=200${cursor && `&cursor=${cursor}`}`);
      if (reply.status !== 200) throw new Error(`The list of documents answered ${reply.status}: ${reply.text}`);
      const page = JSON.parse(reply.text) as { items: Listed[]; next_cursor: string | null };
      documents.push(...page.items);
      cursor = page.next_cursor;
    }
    return documents;
  }

  /** Some documents are opened and searched for, each by a word that only it has. */
  async function openSome(server: LedgerServer, found: Listed[]): Promise<void> {
    for (let index = 0; index < Math.min(3, found.length); index += 1) {
      const document = found[random.integer(found.length)] as Listed;
      const text = await getPatiently(server, `/api/v1/documents/${document.id}/text`);
      const body = text.status === 200 ? (JSON.parse(text.text) as { text: string }).text : '';
      if (hashOf(body) !== document.content_hash) counts.unopenable += 1;
      if (!(await isFoundOnce(server, document, entries.get(document.external_id)?.position))) counts.unsearchable += 1;
    }
  }

  return {
    counts,
    get acknowledged() {
      return figures.acknowledged;
    },
    get queued() {
      return figures.queued;
    },
    get compared() {
      return figures.compared;
    },
    async send(server, stop) {
      while (!stop.aborted) {
        const externalId = pick();
        if (externalId === undefined) {
          await sleep(0);
          continue;
        }
        busy.add(externalId);
        // The fault cuts requests: they are the unanswered ones.
        await sendOne(server, externalId).catch((error: unknown) => {
          if (!stop.aborted && !isExpected(error)) throw error;
          return sleep(pauseAfterFailureMs);
        });
        busy.delete(externalId);
      }
    },
    get longestSettleMs() {
      return figures.longestSettleMs;
    },
    async compare(server, options = {}) {
      const isSettled = options.isSettled !== false && (await settled(server));
      const found = await listAll(server);
      tally(found, isSettled ? entries : withoutQueued(entries), counts);
      figures.compared += found.length;
      if (isSettled) settle(found);
      await openSome(server, found);
    },
    async findPlanted(server) {
      const found = await listAll(server);
      const [first] = found;
      if (first === undefined) return 0;
      const planted = { acknowledged: 'x', unanswered: new Set<string>() };
      // What the queue still has in hand says nothing of what was planted.
      const known = withoutQueued(entries);
      const [loss, invention, twin] = [noFaults(), noFaults(), noFaults()];
      tally(found, new Map([...known, ['never-stored', planted]]), loss);
      tally([...found, { ...first, external_id: 'never-sent' }], known, invention);
      tally([...found, first], known, twin);
      return [loss.lost === 1, invention.phantom === 1, twin.duplicated === 1].filter(Boolean).length;
    },
  };
}

const noFaults = (): Counts => ({
  lost: 0,
  duplicated: 0,
  phantom: 0,
  unopenable: 0,
  unsearchable: 0,
  unsettled: 0,
});

/** What is queued may be in either state, or not be there at all. */
function withoutQueued(entries: ReadonlyMap<string, Entry>): Map<string, Entry> {
  return new Map([...entries].map(([externalId, entry]) => [externalId, entry.isQueued ? anyState(entry) : entry]));
}

const anyState = (entry: Entry): Entry => ({ ...entry, acknowledged: undefined, unanswered: everything });

/** Holds every state. */
const everything = Object.assign(new Set<string>(), { has: () => true });

function tally(found: readonly Listed[], entries: ReadonlyMap<string, Entry>, counts: Counts): void {
  const byExternalId = Map.groupBy(found, (document) => document.external_id);
  for (const [externalId, documents] of byExternalId) {
    counts.duplicated += documents.length - 1;
    const entry = entries.get(externalId);
    const state = documents[0]?.content_hash ?? '';
    if (entry === undefined || (entry.acknowledged === undefined && !entry.unanswered.has(state))) counts.phantom += 1;
  }
  for (const [externalId, { acknowledged, unanswered }] of entries) {
    if (acknowledged === undefined) continue;
    const state = byExternalId.get(externalId)?.[0]?.content_hash ?? deleted;
    if (state !== acknowledged && !unanswered.has(state)) counts.lost += 1;
  }
}

/** Until no task is running; false when one still is at the deadline. */
async function untilSettled(server: LedgerServer, deadlineMs: number): Promise<boolean> {
  for (const endsMs = performance.now() + deadlineMs; performance.now() < endsMs; await sleep(50)) {
    const reply = await getPatiently(server, '/api/v1/tasks?state=running&limit=1');
    if (reply.status !== 200) throw new Error(`The list of tasks answered ${reply.status}: ${reply.text}`);
    if ((JSON.parse(reply.text) as { items: unknown[] }).items.length === 0) return true;
  }
  return false;
}

type Listed = { id: string; external_id: string; content_hash: string };

async function findId(server: LedgerServer, externalId: string): Promise<string | undefined> {
  const reply = await server.call('GET', `/api/v1/documents?external_id=${externalId}`);
  return reply.status === 200 ? (JSON.parse(reply.text) as { items: Listed[] }).items[0]?.id : undefined;
}

/** An upload that was waited for gave the index's position; what came through the queue is found a moment later. */
async function isFoundOnce(server: LedgerServer, document: Listed, position: string | undefined): Promise<boolean> {
  const word = wordOf(document.external_id);
  for (const endsMs = performance.now() + searchableWithinMs; ; await sleep(100)) {
    const hits = await searchWhenWarm(server, word, position);
    const own = hits.filter((hit) => hit.document_id === document.id && hit.text.includes(word));
    if (own.length === 1) return true;
    if (position !== undefined || performance.now() > endsMs) return false;
  }
}

async function searchWhenWarm(
  server: LedgerServer,
  word: string,
  position: string | undefined,
): Promise<{ document_id: string; text: string }[]> {
  const at = position === undefined ? '' : `&at_least=${position}`;
  const reply = await getPatiently(server, `/api/v1/search?limit=50&query=${word}${at}`);
  if (reply.status !== 200) return [];
  return (JSON.parse(reply.text) as { passages: { document_id: string; text: string }[] }).passages;
}

/** A connection that the fault broke, or a cold index, is told as 503; a client tries again. */
async function getPatiently(server: LedgerServer, target: string): Promise<{ status: number; text: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const reply = await server.call('GET', target);
    if (reply.status !== 503 || attempt === 200) return reply;
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
