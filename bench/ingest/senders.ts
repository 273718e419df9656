/** The two ways of a document into the product: answered when searchable, or answered when durable and followed by its task. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchDocument } from '../harness/documents.ts';
import type { NexusProcess } from '../harness/nexus-process.ts';

/** A document as it is sent; the same `externalId` again replaces it. Default: its name. */
export type SentDocument = { name: string; bytes: Uint8Array; externalId?: string };

export type Sent = {
  /** From the first request until everything is searchable. */
  seconds: number;
  /** From the first request until the last answer. */
  acceptedSeconds: number;
  /** Of each request. */
  latenciesMs: number[];
  /** Documents that can not be searched, and why: the code of each. */
  refused: string[];
};

/** Requests in flight: as many as a program sends that has much to bring. */
const senders = 16;
/** What is wrong with a file is told by these. */
const faultOfFile = new Set([400, 413, 415, 422]);
const pollIntervalMs = 20;
const deadlineMs = 240_000;

export const toSent = ({ name, text }: BenchDocument): SentDocument => ({ name, bytes: Buffer.from(text) });

export async function sendWaiting(server: NexusProcess, documents: readonly SentDocument[]): Promise<Sent> {
  const startedMs = performance.now();
  const refused: string[] = [];
  const latenciesMs = await sendAll(documents, async (document) => {
    const { status, text } = await server.call('POST', targetOf(document), document.bytes);
    if (faultOfFile.has(status)) refused.push(codeOf(text));
    else if (status !== 201 && status !== 200) throw new Error(`${document.name} was answered ${status}: ${text}`);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  return { seconds, acceptedSeconds: seconds, latenciesMs, refused };
}

export async function sendDurable(server: NexusProcess, documents: readonly SentDocument[]): Promise<Sent> {
  const startedMs = performance.now();
  const { id } = await post<{ id: string }>(server, '/api/v1/tasks', '{}');
  const refused: string[] = [];
  const latenciesMs = await sendAll(documents, async (document) => {
    const target = `${targetOf(document)}&wait=false&task_id=${id}`;
    const { status, text } = await server.call('POST', target, document.bytes);
    if (faultOfFile.has(status)) refused.push(codeOf(text));
    else if (status !== 202) throw new Error(`${document.name} was answered ${status}: ${text}`);
  });
  const acceptedSeconds = (performance.now() - startedMs) / 1000;
  await post(server, `/api/v1/tasks/${id}/seal`, '{}');
  await untilEnded(server, id);
  await untilSearchable(server, id);
  const seconds = (performance.now() - startedMs) / 1000;
  refused.push(...(await failuresOf(server, id)));
  return { seconds, acceptedSeconds, latenciesMs, refused };
}

/** Loads the index, so that it follows from here on. */
export async function openIndex(server: NexusProcess): Promise<void> {
  for (const endsMs = performance.now() + 30_000; performance.now() < endsMs; await sleep(100)) {
    const { status } = await server.call('GET', '/api/v1/search?query=anything');
    if (status === 200) return;
  }
  throw new Error('The index did not become warm within 30 s.');
}

async function sendAll(
  documents: readonly SentDocument[],
  send: (document: SentDocument) => Promise<void>,
): Promise<number[]> {
  const waiting = documents.values();
  const latenciesMs: number[] = [];
  const sendNext = async () => {
    for (const document of waiting) {
      const startedMs = performance.now();
      await send(document);
      latenciesMs.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: senders }, sendNext));
  return latenciesMs;
}

const targetOf = ({ name, externalId = name }: SentDocument): string =>
  `/api/v1/documents?filename=${encodeURIComponent(name)}&external_id=${encodeURIComponent(externalId)}`;

type Task = { state: string; counts: Record<string, number> };
type Items = { items: { position: string | null; failure: { code: string } | null }[]; next_cursor: string | null };

async function untilEnded(server: NexusProcess, id: string): Promise<void> {
  for (const endsMs = performance.now() + deadlineMs; performance.now() < endsMs; await sleep(pollIntervalMs)) {
    const { state, counts } = await get<Task>(server, `/api/v1/tasks/${id}`);
    if (state === 'completed') return;
    if (state !== 'running') throw new Error(`The task ended ${state}: ${JSON.stringify(counts)}`);
  }
  throw new Error(`The task did not end within ${deadlineMs} ms.`);
}

/** A search that must see the latest position of the task's newest documents answers. */
async function untilSearchable(server: NexusProcess, id: string): Promise<void> {
  const { items } = await get<Items>(server, `/api/v1/tasks/${id}/items?limit=200&state=completed`);
  const positions = items.flatMap(({ position }) => position ?? []);
  const [latest] = positions.sort(byTransaction).reverse();
  if (latest === undefined) return;
  const target = `/api/v1/search?query=anything&at_least=${encodeURIComponent(latest)}`;
  for (const endsMs = performance.now() + deadlineMs; performance.now() < endsMs; await sleep(pollIntervalMs)) {
    const { status, text } = await server.call('GET', target);
    if (status === 200) return;
    if (status !== 503) throw new Error(`The search was answered ${status}: ${text}`);
  }
  throw new Error('The documents did not become searchable.');
}

/** A position begins with the number of its transaction, in base 36. */
const byTransaction = (left: string, right: string): number => Number.parseInt(left, 36) - Number.parseInt(right, 36);

async function failuresOf(server: NexusProcess, id: string): Promise<string[]> {
  const codes: string[] = [];
  let cursor = '';
  do {
    const page = await get<Items>(server, `/api/v1/tasks/${id}/items?limit=200&state=failed${cursor}`);
    codes.push(...page.items.map(({ failure }) => failure?.code ?? 'unknown'));
    cursor = page.next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor !== '');
  return codes;
}

async function get<Body>(server: NexusProcess, target: string): Promise<Body> {
  return read(target, await server.call('GET', target));
}

async function post<Body>(server: NexusProcess, target: string, body: string): Promise<Body> {
  return read(target, await server.call('POST', target, body));
}

function read<Body>(target: string, { status, text }: { status: number; text: string }): Body {
  if (status >= 300) throw new Error(`${target} was answered ${status}: ${text}`);
  return JSON.parse(text) as Body;
}

const codeOf = (text: string): string => (JSON.parse(text) as { code?: string }).code ?? 'unknown';
