/** Every document file below a folder, in the byte order of the external ids. */
import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, readdir } from 'node:fs/promises';
import { AppError, isAppError } from '#platform/errors.ts';
import { nextTurn } from '#platform/pace.ts';
import { joinPath, openInside, rethrow } from './open-inside.ts';
import { toIdSegment } from './path-id.ts';
import { readCode } from './read-code.ts';
import type { SkipRule } from './skip-rule.ts';

export type FoundFile = { externalId: string; stats: BigIntStats };

/** What a walk met besides files. */
export type WalkNotes = {
  /** External ids of folders that could not be read, each ending with `/`. */
  unreadable: string[];
  /** Paths that are too long or too deep to be told. */
  tooLong: string[];
};

export type WalkOptions = {
  /** Absolute and without links. */
  root: Buffer;
  rule: SkipRule;
  maxDepth: number;
  notes: WalkNotes;
  signal: AbortSignal;
};

/** What an index of the database can hold beside the source's id. */
const longestIdBytes = 1800;
/** Files that are looked at together. */
const slice = 64;
/** Names that are looked through before others get their turn: a folder may hold a hundred thousand. */
const entriesPerTurn = 2000;

type Entry = { name: Buffer; id: string; sortKey: Buffer; isFolder: boolean };
type Place = { path: Buffer; id: string; depth: number };

export async function* walkFolder(options: WalkOptions): AsyncGenerator<FoundFile> {
  yield* walk(options, { path: Buffer.alloc(0), id: '', depth: 0 });
}

async function* walk(options: WalkOptions, place: Place): AsyncGenerator<FoundFile> {
  const { root, rule, signal } = options;
  signal.throwIfAborted();
  const handle = await openFolder(options, place);
  if (handle === undefined) return;
  try {
    // Through the open folder, so that nobody can put another one in its place.
    const folder =
      process.platform === 'linux' ? Buffer.from(`/proc/self/fd/${handle.fd}`) : joinPath(root, place.path);
    const entries = await listEntries(folder, place, rule).catch((error: unknown) => forgiveGone(error, place));
    const unreadable = () => noteOnce(options.notes.unreadable, place.id);
    for (let start = 0; start < entries.length; start += slice) {
      signal.throwIfAborted();
      const part = entries.slice(start, start + slice);
      const looks = await Promise.all(
        part.map((entry) => (entry.isFolder ? undefined : look(folder, entry, unreadable))),
      );
      for (const [index, entry] of part.entries()) {
        const below = { path: joinName(place.path, entry.name), id: entry.id, depth: place.depth + 1 };
        const stats = looks[index];
        if (isTooFar(options, below)) options.notes.tooLong.push(entry.id);
        else if (entry.isFolder) yield* walk(options, { ...below, id: `${entry.id}/` });
        else if (stats?.isFile() === true) yield { externalId: entry.id, stats };
      }
    }
  } finally {
    await handle.close();
  }
}

/** Undefined for one that went away or cannot be read; the root must be there. */
async function openFolder({ root, notes }: WalkOptions, place: Place): Promise<FileHandle | undefined> {
  try {
    return await openInside({ root, path: place.path, kind: 'folder' });
  } catch (error) {
    if (place.depth === 0) throw rootFailure(error);
    // What is gone or became a link is no part of the source; what cannot be read still is.
    if (!isAppError(error, 'SOURCE_DOCUMENT_GONE', 'SOURCE_DOCUMENT_REFUSED')) noteOnce(notes.unreadable, place.id);
    return undefined;
  }
}

/** The source's own folder went away, or another one is in its place: its files are not deleted for that. */
export const folderVanished = (cause?: unknown) =>
  new AppError(
    'SOURCE_UNREACHABLE',
    'unavailable',
    'The folder of the source went away while it was looked at; nothing was removed for that. It is tried again by itself.',
    { cause },
  );

function rootFailure(error: unknown): unknown {
  if (isAppError(error, 'SOURCE_DOCUMENT_GONE')) return folderVanished(error);
  if (!isAppError(error, 'SOURCE_DOCUMENT_UNREADABLE')) return error;
  const message = 'Nexus may not read the folder of the source; nothing was removed. Correct its permissions.';
  return new AppError('SOURCE_FOLDER_UNREADABLE', 'invalid', message, { cause: error });
}

/** A folder that is deleted between being opened and being listed is empty. */
function forgiveGone(error: unknown, { depth }: Place): Entry[] {
  if (!isAppError(error, 'SOURCE_DOCUMENT_GONE')) throw error;
  if (depth === 0) throw folderVanished(error);
  return [];
}

function noteOnce(notes: string[], id: string): void {
  if (notes.at(-1) !== id) notes.push(id);
}

async function listEntries(folder: Buffer, place: Place, rule: SkipRule): Promise<Entry[]> {
  const listed = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(rethrow);
  const entries: Entry[] = [];
  for (const [index, entry] of listed.entries()) {
    if (index % entriesPerTurn === entriesPerTurn - 1) await nextTurn();
    const name = Buffer.from(entry.name);
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile()) continue;
    const segment = toIdSegment(name);
    if (rule.skips({ name: segment, path: joinName(place.path, name), isFolder })) continue;
    const id = `${place.id}${segment}`;
    // A folder's files come where its name with the slash comes.
    entries.push({ name, id, sortKey: Buffer.from(isFolder ? `${segment}/` : segment), isFolder });
  }
  return entries.sort((left, right) => Buffer.compare(left.sortKey, right.sortKey));
}

async function look(folder: Buffer, { name }: Entry, onUnreadable: () => void): Promise<BigIntStats | undefined> {
  try {
    return await lstat(joinPath(folder, name), { bigint: true });
  } catch (error) {
    // Gone since it was listed; for any other reason it is still there and only cannot be seen.
    if (readCode(error) !== 'ENOENT') onUnreadable();
    return undefined;
  }
}

const joinName = (folder: Buffer, name: Buffer): Buffer => (folder.length === 0 ? name : joinPath(folder, name));

const isTooFar = ({ maxDepth }: WalkOptions, { id, depth }: Place): boolean =>
  depth > maxDepth || Buffer.byteLength(id) > longestIdBytes;
