/** Fetches a model of the catalogue, from its address or from a folder, and keeps it only when every hash is right. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { AppError } from '#platform/errors.ts';
import { type CatalogueModel, type ModelFile, modelCatalogue } from './model-catalogue.ts';

export type PullOptions = {
  name: string;
  /** Folder of all models; the model gets a folder of its own name in it. */
  directory: string;
  /** A folder, or an http(s) address that ends in `/`. Default: the catalogue's. */
  from?: string | undefined;
  onFile: (file: ModelFile) => void;
};

const fetchTimeoutMs = 120_000;

/** Returns the folder of the model. A model that is there already is checked, not fetched. */
export async function pullModel({
  name,
  directory,
  from,
  onFile,
}: PullOptions): Promise<{ directory: string; fetched: boolean }> {
  const model = findModel(name);
  const target = path.join(directory, model.name);
  if (await isComplete(model, target)) return { directory: target, fetched: false };
  const growing = `${target}.tmp-${process.pid}`;
  await mkdir(growing, { recursive: true });
  try {
    for (const file of model.files) {
      onFile(file);
      const bytes = await fetchFile(from ?? model.url, file);
      requireHash(file, bytes);
      await writeDurably(path.join(growing, file.name), bytes);
    }
    await rm(target, { recursive: true, force: true });
    await rename(growing, target);
    return { directory: target, fetched: true };
  } finally {
    await rm(growing, { recursive: true, force: true });
  }
}

function findModel(name: string): CatalogueModel {
  const model = modelCatalogue.find((one) => one.name === name);
  if (model !== undefined) return model;
  const names = modelCatalogue.map((one) => one.name).join(', ');
  throw new AppError('MODEL_NOT_IN_CATALOGUE', 'not-found', `No model is called ${name}. The catalogue has: ${names}.`);
}

async function isComplete(model: CatalogueModel, directory: string): Promise<boolean> {
  for (const file of model.files) {
    const bytes = await readFile(path.join(directory, file.name)).catch(() => undefined);
    if (bytes === undefined || sha256Of(bytes) !== file.sha256) return false;
  }
  return true;
}

async function fetchFile(from: string, file: ModelFile): Promise<Buffer> {
  try {
    if (!/^https?:\/\//.test(from)) return await readFile(path.join(from, file.name));
    const reply = await request(new URL(file.name, from), { signal: AbortSignal.timeout(fetchTimeoutMs) });
    if (reply.statusCode !== 200) throw new Error(`the server answered ${reply.statusCode}`);
    return await readAtMost(reply.body, file.sizeBytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      'MODEL_FETCH_FAILED',
      'unavailable',
      `${file.name} could not be fetched from ${from}: ${reason}. Without a network, copy the files from another machine and name their folder with --from.`,
      { cause },
    );
  }
}

async function readAtMost(body: AsyncIterable<Buffer>, sizeBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let received = 0;
  for await (const part of body) {
    received += part.length;
    if (received > sizeBytes) throw new Error(`it sends more than the ${sizeBytes} bytes of the pinned file`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function requireHash(file: ModelFile, bytes: Buffer): void {
  const found = sha256Of(bytes);
  if (found === file.sha256) return;
  throw new AppError(
    'MODEL_HASH_MISMATCH',
    'invalid',
    `${file.name} has the SHA-256 ${found}, but ${file.sha256} was pinned. Nothing was kept.`,
  );
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function writeDurably(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
