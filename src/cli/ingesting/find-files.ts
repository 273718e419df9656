import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '#platform/errors.ts';
import { describeReadFailure } from './read-failure.ts';

export type FoundFile = {
  /** Absolute, without links: what the document is called outside. */
  path: string;
  /** Relative to the folder: what people see. */
  name: string;
};

export type FileFailure = { file: string; code: string; message: string };

export type FoundFiles = {
  files: FoundFile[];
  /** What no format reads, by ending, and under `link` what is not followed. */
  skipped: Record<string, number>;
  /** What could not be looked at, each with its reason. */
  unreadable: FileFailure[];
};

/** Folders that hold no documents of a person. */
const ignoredFolders = new Set(['node_modules', '__pycache__']);
const maxFiles = 200_000;
const maxDepth = 64;

/**
 * The files below a folder whose ending is among `extensions` (without the dot, lower-case), in the order of their
 * names; hidden ones are left out and links are not followed. One file may be named itself. Throws `FOLDER_NOT_FOUND`,
 * `FOLDER_EMPTY`, `FOLDER_TOO_LARGE`, `FILE_UNREADABLE`.
 */
export async function findFiles(target: string, extensions: readonly string[]): Promise<FoundFiles> {
  const root = await realpath(target).catch((cause: unknown) => {
    throw new AppError('FOLDER_NOT_FOUND', 'not-found', `There is no folder or file ${target}. Correct the path.`, {
      cause,
    });
  });
  const found: FoundFiles = { files: [], skipped: {}, unreadable: [] };
  if ((await lstat(root)).isFile()) return { ...found, files: [{ path: root, name: path.basename(root) }] };
  await walk(root, '', new Set(extensions), found);
  if (found.files.length === 0) throw nothingFound(target, extensions, found);
  return found;
}

function nothingFound(target: string, extensions: readonly string[], { skipped, unreadable }: FoundFiles): AppError {
  const [first] = unreadable;
  if (first !== undefined) {
    const message = `There is nothing to ingest in ${target}. ${first.file}: ${first.message}`;
    return new AppError('FILE_UNREADABLE', 'invalid', message, { details: { unreadable: unreadable.length } });
  }
  const seen = Object.entries(skipped).map(([ending, count]) => `${count} × ${ending}`);
  const reason = seen.length === 0 ? 'It is empty.' : `It holds only what no format reads: ${seen.join(', ')}.`;
  return new AppError(
    'FOLDER_EMPTY',
    'invalid',
    `There is nothing to ingest in ${target}. ${reason} Files that can be read end in ${extensions.map((one) => `.${one}`).join(', ')}.`,
  );
}

async function walk(root: string, folder: string, extensions: ReadonlySet<string>, found: FoundFiles): Promise<void> {
  for (const entry of await listEntries(root, folder, found)) {
    const shown = entry.name.toString();
    if (shown.startsWith('.')) continue;
    const name = path.join(folder, shown);
    if (!Buffer.from(shown).equals(entry.name)) note(found, name, 'its name is not valid UTF-8. Rename it');
    else if (entry.isDirectory() && !ignoredFolders.has(shown)) await walk(root, name, extensions, found);
    else if (entry.isSymbolicLink()) skip(found, 'link');
    else if (entry.isFile()) take(root, name, extensions, found);
  }
}

async function listEntries(root: string, folder: string, found: FoundFiles): Promise<Dirent<Buffer>[]> {
  if (folder.split(path.sep).length > maxDepth) {
    note(found, folder, `it lies more than ${maxDepth} folders deep`);
    return [];
  }
  try {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true, encoding: 'buffer' });
    return entries.sort((left, right) => Buffer.compare(left.name, right.name));
  } catch (error) {
    const reason = describeReadFailure(error);
    if (reason === undefined) throw error;
    note(found, folder === '' ? root : folder, reason);
    return [];
  }
}

function note(found: FoundFiles, file: string, reason: string): void {
  found.unreadable.push({ file, code: 'FILE_UNREADABLE', message: `It cannot be read: ${reason}.` });
}

function skip({ skipped }: FoundFiles, what: string): void {
  skipped[what] = (skipped[what] ?? 0) + 1;
}

function take(root: string, name: string, extensions: ReadonlySet<string>, found: FoundFiles): void {
  const ending = path.extname(name).slice(1).toLowerCase();
  if (!extensions.has(ending)) {
    skip(found, ending === '' ? 'no ending' : `.${ending}`);
    return;
  }
  if (found.files.length >= maxFiles) {
    throw new AppError(
      'FOLDER_TOO_LARGE',
      'too-large',
      `The folder holds more than ${maxFiles} files. Take its parts one by one.`,
    );
  }
  found.files.push({ path: path.join(root, name), name });
}
