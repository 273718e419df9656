/** Brings files to the server, a few at a time; what it has answered for is durable. */
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, type ErrorKind, isAppError } from '#platform/errors.ts';
import type { Connection } from '../connection.ts';
import type { FileFailure, FoundFile } from './find-files.ts';
import { describeReadFailure } from './read-failure.ts';

export type SendOptions = {
  taskId: string;
  collection: string | undefined;
  maxFileBytes: number;
  signal: AbortSignal;
};

/** A file that fails is one line of the report; what the next file would meet as well is the end. */
const endingKinds: ReadonlySet<ErrorKind> = new Set([
  'unauthenticated',
  'forbidden',
  'not-found',
  'storage-full',
  'bug',
]);

/** Files on their way at the same time: enough to keep the server busy, few enough to keep memory low. */
const concurrency = 4;

/** Returns what became of them; `sent` is less than all when the signal ended it. */
export async function sendFiles(
  connection: Connection,
  files: readonly FoundFile[],
  options: SendOptions,
): Promise<{ sent: number; failures: FileFailure[] }> {
  const waiting = [...files].reverse();
  const failures: FileFailure[] = [];
  let sent = 0;
  async function sendSome(): Promise<void> {
    for (let file = waiting.pop(); file !== undefined && !options.signal.aborted; file = waiting.pop()) {
      const failure = await sendFile(connection, file, options);
      if (failure === undefined) sent += 1;
      else failures.push(failure);
    }
  }
  try {
    await Promise.all(Array.from({ length: concurrency }, sendSome));
  } finally {
    waiting.length = 0;
  }
  return { sent, failures };
}

async function sendFile(
  connection: Connection,
  file: FoundFile,
  { taskId, collection, maxFileBytes }: SendOptions,
): Promise<FileFailure | undefined> {
  try {
    await connection.call({
      method: 'POST',
      path: '/api/v1/documents',
      query: { filename: file.name, external_id: file.path, collection_id: collection, wait: 'false', task_id: taskId },
      body: await readWithin(file, maxFileBytes),
    });
    return undefined;
  } catch (error) {
    const failure = toFailure(error);
    if (failure === undefined) throw error;
    return { file: file.name, ...failure };
  }
}

function toFailure(error: unknown): Omit<FileFailure, 'file'> | undefined {
  if (isAppError(error)) {
    const isTheEnd = endingKinds.has(error.kind) || error.code === 'SERVER_UNREACHABLE';
    return isTheEnd ? undefined : { code: error.code, message: error.message };
  }
  const reason = describeReadFailure(error);
  return reason === undefined ? undefined : { code: 'FILE_UNREADABLE', message: `It cannot be read: ${reason}.` };
}

/** The file as it was at one moment: half of one that is being written is no document. */
async function readWithin({ path }: FoundFile, maxBytes: number): Promise<Buffer> {
  for (let attempt = 1; attempt <= mostReads; attempt += 1) {
    const before = await stat(path, { bigint: true });
    if (before.size > maxBytes) throw tooLarge(before.size, maxBytes);
    const bytes = await readFile(path);
    const after = await stat(path, { bigint: true });
    const isWhole = BigInt(bytes.byteLength) === after.size && before.size === after.size;
    if (isWhole && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs) return bytes;
    await sleep(pauseMs);
  }
  const message = 'It is written to all the time. Run the command again when that is over.';
  throw new AppError('FILE_UNREADABLE', 'conflict', message);
}

const mostReads = 4;
const pauseMs = 150;

function tooLarge(sizeBytes: bigint, maxBytes: number): AppError {
  const message = `The file has ${sizeBytes} bytes; at most ${maxBytes} are taken. Split it, or raise NEXUS_INGESTION__MAX_FILE_BYTES.`;
  return new AppError('DOCUMENT_TOO_LARGE', 'too-large', message);
}
