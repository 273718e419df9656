/** Reads a file as it was at one moment, or says that it cannot be had. */
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#platform/errors.ts';
import { rethrow } from './open-inside.ts';

const maxTries = 4;
const pauseMs = 150;

/**
 * Throws DOCUMENT_TOO_LARGE before a byte is read, SOURCE_DOCUMENT_CHANGING when the file is written to all the time. A
 * file with a hole or on `/proc`, whose size lies, ends in one of both too.
 */
export async function readWhole(handle: FileHandle, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    signal.throwIfAborted();
    const before = await handle.stat({ bigint: true });
    const size = Number(before.size);
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    const bytes = await readUpTo(handle, size + 1, signal).catch(rethrow);
    const after = await handle.stat({ bigint: true });
    if (bytes.byteLength === size && fingerprintOf(before) === fingerprintOf(after)) return bytes;
    await sleep(pauseMs, undefined, { signal });
  }
  throw new AppError(
    'SOURCE_DOCUMENT_CHANGING',
    'unavailable',
    'The file is written to all the time while it is read.',
  );
}

/** Differs whenever the content may differ: the kernel sets the time of the last change itself. */
export function fingerprintOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, ino, dev].map((part) => part.toString(36)).join('-');
}

async function readUpTo(handle: FileHandle, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(limit);
  let filled = 0;
  while (filled < limit) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, filled, Math.min(limit - filled, sliceBytes), filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

const sliceBytes = 2 ** 22;

function tooLarge(sizeBytes: number, maxFileBytes: number): AppError {
  const message = `The file has ${sizeBytes} bytes; at most ${maxFileBytes} are taken (ingestion.maxFileBytes).`;
  return new AppError('DOCUMENT_TOO_LARGE', 'too-large', message, { details: { sizeBytes, maxFileBytes } });
}
