import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '#platform/errors.ts';

export type FoundFile = {
  /** Absolute, without links: what the document is called outside. */
  path: string;
  /** Relative to the folder: what people see. */
  name: string;
};

export type FoundFiles = { files: FoundFile[]; skipped: Record<string, number> };

/** Folders that hold no documents of a person. */
const ignoredFolders = new Set(['node_modules', '__pycache__']);
const maxFiles = 200_000;
const maxDepth = 64;

/**
 * The files below a folder whose ending is among `extensions` (without the dot, lower-case), in the order of their
 * names; hidden ones and links are not followed. One file may be named itself. Throws `FOLDER_NOT_FOUND`,
 * `FOLDER_EMPTY`, `FOLDER_TOO_LARGE`.
 */
export async function findFiles(target: string, extensions: readonly string[]): Promise<FoundFiles> {
  const root = await realpath(target).catch((cause: unknown) => {
    throw new AppError('FOLDER_NOT_FOUND', 'not-found', `There is no folder or file ${target}. Correct the path.`, {
      cause,
    });
  });
  if ((await lstat(root)).isFile()) return { files: [{ path: root, name: path.basename(root) }], skipped: {} };
  const found: FoundFiles = { files: [], skipped: {} };
  await walk(root, '', new Set(extensions), found);
  if (found.files.length > 0) return found;
  const seen = Object.entries(found.skipped).map(([ending, count]) => `${count} × ${ending}`);
  const reason = seen.length === 0 ? 'It is empty.' : `It holds only what no format reads: ${seen.join(', ')}.`;
  throw new AppError(
    'FOLDER_EMPTY',
    'invalid',
    `There is nothing to ingest in ${target}. ${reason} Files that can be read end in ${extensions.map((one) => `.${one}`).join(', ')}.`,
  );
}

async function walk(root: string, folder: string, extensions: ReadonlySet<string>, found: FoundFiles): Promise<void> {
  if (folder.split(path.sep).length > maxDepth) return;
  const entries = await readdir(path.join(root, folder), { withFileTypes: true });
  entries.sort((left, right) => (left.name < right.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = path.join(folder, entry.name);
    if (entry.isDirectory() && !ignoredFolders.has(entry.name)) await walk(root, name, extensions, found);
    else if (entry.isFile()) take(root, name, extensions, found);
  }
}

function take(root: string, name: string, extensions: ReadonlySet<string>, found: FoundFiles): void {
  const ending = path.extname(name).slice(1).toLowerCase();
  if (!extensions.has(ending)) {
    const shown = ending === '' ? 'no ending' : `.${ending}`;
    found.skipped[shown] = (found.skipped[shown] ?? 0) + 1;
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
