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
      one.error ??= errorOf(() => work(one));
    }
  };
  step((one) => {
    one.descriptor = openSync(one.request.draft, 'wx', 0o600);
    writeWhole(one.descriptor, one.request.bytes);
  });
  // A sync that failed is never repeated: the kernel may have dropped the pages and forgotten the error.
  step(({ descriptor = -1 }) => fsyncSync(descriptor));
  for (const one of all) if (one.descriptor !== undefined) one.error ??= errorOf(() => closeSync(one.descriptor ?? -1));
  step(({ request }) => renameSync(request.draft, request.file));
  const folders = new Set(all.map(({ request }) => path.dirname(request.file)));
  const failed = new Map([...folders].map((folder) => [folder, errorOf(() => syncFolder(folder))]));
  for (const one of all) one.error ??= failed.get(path.dirname(one.request.file));
  for (const { request, error } of all) {
    // Should that fail, too, the draft is removed when it is old.
    if (error !== undefined) errorOf(() => rmSync(request.draft, { force: true }));
  }
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

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function errorOf(work: () => void): NodeJS.ErrnoException | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
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
