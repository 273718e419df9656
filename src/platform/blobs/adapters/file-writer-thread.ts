/**
 * Runs in a thread of its own: writes files durably, those that were asked for at the same time together. The sync of
 * the first then costs most of the time, and whoever serves requests is woken once for all of them.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { WrittenFile, WrittenReply } from './file-writer.ts';

type Written = { request: WrittenFile; descriptor: number | undefined; error: NodeJS.ErrnoException | undefined };

function writeTogether(requests: readonly WrittenFile[]): WrittenReply[] {
  const all = requests.map((request): Written => ({ request, descriptor: undefined, error: undefined }));
  const step = (work: (one: Written) => void): void => {
    for (const one of all) {
      if (one.error !== undefined) continue;
      try {
        work(one);
      } catch (error) {
        one.error = error as NodeJS.ErrnoException;
      }
    }
  };
  step((one) => {
    one.descriptor = openSync(one.request.draft, 'wx', 0o600);
    writeWhole(one.descriptor, one.request.bytes);
  });
  // A sync that failed is never repeated: the kernel may have dropped the pages and forgotten the error.
  step(({ descriptor = -1 }) => fsyncSync(descriptor));
  for (const { descriptor } of all) if (descriptor !== undefined) closeSync(descriptor);
  step(({ request }) => renameSync(request.draft, request.file));
  const synced = new Map<string, unknown>();
  step(({ request }) => {
    const folder = path.dirname(request.file);
    if (!synced.has(folder)) synced.set(folder, errorOfSync(folder));
    const error = synced.get(folder);
    if (error !== undefined) throw error;
  });
  for (const { request, error } of all) if (error !== undefined) rmSync(request.draft, { force: true });
  return all.map(({ request, error }) => ({
    id: request.id,
    error: error === undefined ? undefined : { code: error.code, message: error.message },
  }));
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

function errorOfSync(folder: string): unknown {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

function serve(port: MessagePort): void {
  const waiting: WrittenFile[] = [];
  port.on('message', (request: WrittenFile) => {
    // What has come meanwhile goes along.
    if (waiting.push(request) === 1) setImmediate(() => port.postMessage(writeTogether(waiting.splice(0))));
  });
}

if (parentPort !== null) serve(parentPort);
