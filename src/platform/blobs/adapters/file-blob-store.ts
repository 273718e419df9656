/** Blobs as files. A blob is there whole or not at all: written beside its place, synced, renamed, the folder synced. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { isBlobKey, requireBlobKey, requireBlobPrefix } from '../blob-key.ts';
import type { BlobStore, StoredBlob } from '../ports.ts';
import { createFileWriter } from './file-writer.ts';

/** Drafts older than this are of a process that died. */
const draftAgeMs = 24 * 60 * 60 * 1000;
const mostFoldersKnown = 10_000;
/** Copied on its way to the thread that writes; what is larger is written without it. */
const smallBytes = 262_144;

export type FileBlobStore = BlobStore & {
  /** What is being written fails. */
  close(): Promise<void>;
};

/** Throws BLOB_STORE_UNAVAILABLE or STORAGE_FULL when the folder cannot be made. */
export async function openFileBlobStore(directory: string): Promise<FileBlobStore> {
  const drafts = path.join(directory, '.drafts');
  await translated(async () => {
    await mkdir(drafts, { recursive: true, mode: 0o700 });
    await removeOldDrafts(drafts);
  });
  const folders = createFolders(path.dirname(directory));
  const writer = createFileWriter();
  const fileOf = (key: string): string => path.join(directory, ...requireBlobKey(key).split('/'));

  return {
    async put(key, bytes) {
      const file = fileOf(key);
      // Not the process id: two containers on one store may have the same.
      const draft = path.join(drafts, randomBytes(16).toString('hex'));
      await translated(async () => {
        await folders.make(path.dirname(file));
        try {
          if (bytes.byteLength <= smallBytes) await writer.write({ draft, file, bytes });
          else await writeDurably(draft, file, bytes);
        } catch (error) {
          await rm(draft, { force: true });
          folders.forget(path.dirname(file));
          throw error;
        }
      });
    },
    get: (key) => translated(() => readFile(fileOf(key)), key),
    has: (key) =>
      translated(async () => {
        try {
          return (await stat(fileOf(key))).isFile();
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return false;
          throw error;
        }
      }),
    delete: (key) => translated(() => rm(fileOf(key), { force: true })),
    list: (prefix) => listFolder(directory, requireBlobPrefix(prefix)),
    close: () => writer.close(),
  };
}

/** Folders that are known to be there and to outlive a power cut. */
function createFolders(above: string) {
  const made = new Map<string, Promise<void>>();
  return {
    /** Whoever asks while it is being made waits, too. What was there before may have been made and never synced. */
    async make(folder: string): Promise<void> {
      const known = made.get(folder) ?? makeDurably(folder, above);
      if (made.size >= mostFoldersKnown) made.clear();
      made.set(folder, known);
      await known.catch((error: unknown) => {
        made.delete(folder);
        throw error;
      });
    },
    /** Somebody may have removed it. */
    forget: (folder: string): unknown => made.delete(folder),
  };
}

async function makeDurably(folder: string, above: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let at = folder; at.length >= above.length; at = path.dirname(at)) {
    await syncFolder(at);
    if (at === path.dirname(at)) return;
  }
}

async function* listFolder(directory: string, prefix: string): AsyncIterable<StoredBlob> {
  const folder = path.join(directory, ...prefix.split('/'));
  const entries = await translated(async () => {
    try {
      return await opendir(folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
  for await (const entry of entries) {
    const key = prefix + entry.name;
    // What others keep in the folder (`lost+found`, `Thumbs.db`) is none of ours.
    if (!isBlobKey(key)) continue;
    if (entry.isDirectory()) yield* listFolder(directory, `${key}/`);
    else {
      const found = await stat(path.join(folder, entry.name)).catch(() => undefined);
      if (found !== undefined) yield { key, sizeBytes: found.size, modifiedAt: found.mtime };
    }
  }
}

async function writeDurably(draft: string, file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    // A sync that failed is never repeated: the kernel may have dropped the pages and forgotten the error.
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(path.dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeOldDrafts(drafts: string): Promise<void> {
  for await (const entry of await opendir(drafts)) {
    const file = path.join(drafts, entry.name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < Date.now() - draftAgeMs) await rm(file, { force: true });
  }
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '');
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

async function translated<Result>(work: () => Promise<Result>, key?: string): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const code = codeOf(cause);
    if (code === 'ENOENT' && key !== undefined) throw notFound(key, cause);
    if (fullCodes.has(code)) {
      throw new AppError('STORAGE_FULL', 'storage-full', 'The disk of the object store is full. Free space.', {
        cause,
      });
    }
    throw new AppError('BLOB_STORE_UNAVAILABLE', 'unavailable', `The object store failed (${code || 'unknown'}).`, {
      cause,
    });
  }
}

function notFound(key: string, cause: unknown): AppError {
  return new AppError('BLOB_NOT_FOUND', 'not-found', 'The stored bytes are gone.', { details: { key }, cause });
}
