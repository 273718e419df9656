/** Opening what lies below a folder, and nothing else, although others move files and links while we look. */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { AppError } from '#platform/errors.ts';
import { readCode } from './read-code.ts';

const slash = Buffer.from('/');
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** Where an open file really lies: the kernel's own word where it gives it. */
export type PathOf = (handle: FileHandle, path: Buffer) => Promise<Buffer | undefined>;

export type InsideOptions = {
  /** Absolute and without links. */
  root: Buffer;
  /** Below the root; empty for the root itself. */
  path: Buffer;
  kind: 'file' | 'folder';
  /** Default: `descriptorPath` on Linux, `namedPath` elsewhere. */
  pathOf?: PathOf;
};

/**
 * Opens for reading; the caller closes. Throws SOURCE_DOCUMENT_GONE, SOURCE_DOCUMENT_REFUSED for what a link leads to,
 * SOURCE_DOCUMENT_UNREADABLE with the reason. Never waits for a pipe and never opens a device.
 */
export async function openInside({ root, path, kind, pathOf = defaultPathOf }: InsideOptions): Promise<FileHandle> {
  const whole = joinPath(root, path);
  // Opening a device may do something; the check after opening is the one that counts.
  requireKind(await lstat(whole).catch(rethrow), kind);
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (kind === 'folder' ? O_DIRECTORY : 0);
  const handle = await open(whole, flags).catch(rethrow);
  try {
    requireKind(await handle.stat(), kind);
    const real = await pathOf(handle, whole);
    if (real?.equals(whole) !== true) throw refused();
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export const joinPath = (folder: Buffer, path: Buffer): Buffer =>
  path.length === 0 ? folder : Buffer.concat(folder.equals(slash) ? [folder, path] : [folder, slash, path]);

/** What `/proc` says of the open file: no rename in between can deceive it. */
export const descriptorPath: PathOf = (handle) => readlink(`/proc/self/fd/${handle.fd}`, { encoding: 'buffer' });

/** Where there is no `/proc`: the path must lead, without links, to the very file that is open. */
export const namedPath: PathOf = async (handle, path) => {
  const real = await realpath(path, { encoding: 'buffer' }).catch(rethrow);
  const [opened, named] = [await handle.stat({ bigint: true }), await lstat(real, { bigint: true }).catch(rethrow)];
  return opened.dev === named.dev && opened.ino === named.ino ? real : undefined;
};

const defaultPathOf = process.platform === 'linux' ? descriptorPath : namedPath;

type Kinds = { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean };

function requireKind(stats: Kinds, kind: InsideOptions['kind']): void {
  if (kind === 'file' ? stats.isFile() : stats.isDirectory()) return;
  if (stats.isSymbolicLink()) throw refused();
  throw new AppError('SOURCE_DOCUMENT_UNREADABLE', 'invalid', 'This is no regular file, so it is not read.');
}

const refused = () =>
  new AppError(
    'SOURCE_DOCUMENT_REFUSED',
    'forbidden',
    'A link leads out of the source’s folder. Links are not followed.',
  );

/** The system's reason as ours. */
export function rethrow(cause: unknown): never {
  const code = readCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    throw new AppError('SOURCE_DOCUMENT_GONE', 'not-found', 'The file is no longer there.', { cause });
  }
  if (code === 'ELOOP') throw refused();
  if (code === 'EACCES' || code === 'EPERM') {
    const message = 'Nexus may not read this file (permission denied). Correct its permissions.';
    throw new AppError('SOURCE_DOCUMENT_UNREADABLE', 'invalid', message, { cause });
  }
  if (code === undefined) throw cause;
  const message = `The file cannot be read at the moment (${code}).`;
  throw new AppError('SOURCE_UNREACHABLE', 'unavailable', message, { cause, details: { code } });
}
