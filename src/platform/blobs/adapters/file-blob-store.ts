/** Blobs as files. A blob is there whole or not at all: written beside its place, synced, renamed, the folder synced. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { isBlobKey, requireBlobKey, requireBlobPrefix } from '../blob-key.ts';
import type { BlobStore, StoredBlob } from '../ports.ts';

/** Drafts older than this are of a process that died. */
const draftAgeMs = 24 * 60 * 60 * 1000;
const mostFoldersKnown = 10_000;

/** Throws BLOB_STORE_UNAVAILABLE or STORAGE_FULL when the folder cannot be made. */
export async function openFileBlobStore(directory: string): Promise<BlobStore> {
  const drafts = path.join(directory, '.drafts');
  await translated(async () => {
    await mkdir(drafts, { recursive: true, mode: 0o700 });
    await removeOldDrafts(drafts);
  });
  const folders = createFolders(path.dirname(directory));
  const syncTogether = createFolderSync();
  const fileOf = (key: string): string => path.join(directory, ...requireBlobKey(key).split('/'));

  return {
    async put(key, bytes) {
      const file = fileOf(key);
      // Not the process id: two containers on one store may have the same.
      const draft = path.join(drafts, randomBytes(16).toString('hex'));
      await translated(async () => {
        await folders.make(path.dirname(file));
        try {
          await writeDurably(draft, bytes);
          await rename(draft, file);
          await syncTogether(path.dirname(file));
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

/** Syncs folders: those who ask while one is synced share the next sync of it, which begins after all they did. */
function createFolderSync(): (folder: string) => Promise<void> {
  const lines = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>();

  const begin = (folder: string): Promise<void> => {
    const line = { running: syncFolder(folder), next: undefined };
    lines.set(folder, line);
    const end = (): unknown => lines.get(folder) === line && line.next === undefined && lines.delete(folder);
    line.running.then(end, end);
    return line.running;
  };
  return (folder) => {
    const line = lines.get(folder);
    if (line === undefined) return begin(folder);
    line.next ??= line.running.then(
      () => begin(folder),
      () => begin(folder),
    );
    return line.next;
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

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    // A sync that failed is never repeated: the kernel may have dropped the pages and forgotten the error.
    await handle.sync();
  } finally {
    await handle.close();
  }
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
