import { chmod, mkdir, mkdtemp, open, readFile, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isOwnUid } from './run-as.ts';

/** Where the embedded server keeps its things under NEXUS_HOME. */
export type Directories = {
  /** Holds everything below except the socket; 0700. */
  root: string;
  data: string;
  /** Where a new cluster grows until it is complete. */
  growing: string;
  libraries: string;
  logFile: string;
};

export function directoriesOf(home: string): Directories {
  const root = path.join(home, 'postgres');
  return {
    root,
    data: path.join(root, 'data'),
    growing: path.join(root, 'data.tmp'),
    libraries: path.join(home, 'run', 'postgres-libraries'),
    logFile: path.join(home, 'logs', 'postgres.log'),
  };
}

/** `sun_path` holds 108 bytes with the final zero (104 on macOS). */
const maxSocketPathBytes = process.platform === 'darwin' ? 103 : 107;
export const socketName = '.s.PGSQL.5432';

/**
 * A private directory for the socket: in the home, or, when its path is too long for a socket, under the temporary
 * directory of the system, remembered in the home.
 */
export async function openSocketDirectory(home: string): Promise<string> {
  const own = path.join(home, 'run', 'postgres');
  if (fits(own)) return makePrivate(own);
  const note = path.join(home, 'run', 'postgres-socket-directory');
  const remembered = await readFile(note, 'utf8').catch(() => undefined);
  if (remembered !== undefined && (await isOurs(remembered))) return remembered;
  const made = await mkdtemp(path.join(shortTemporaryDirectory(), 'nexus-'));
  await chmod(made, 0o700);
  await mkdir(path.dirname(note), { recursive: true, mode: 0o700 });
  await writeFile(note, made, { mode: 0o600 });
  return made;
}

function fits(directory: string): boolean {
  return Buffer.byteLength(path.join(directory, socketName)) <= maxSocketPathBytes;
}

function shortTemporaryDirectory(): string {
  return fits(path.join(os.tmpdir(), 'nexus-XXXXXX')) ? os.tmpdir() : '/tmp';
}

async function makePrivate(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  return directory;
}

/** Somebody else may have taken the name since the temporary directory was emptied. */
async function isOurs(directory: string): Promise<boolean> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true || (found.mode & 0o077) !== 0) return false;
  const uid = process.getuid?.();
  return found.uid === uid || (uid === 0 && isOwnUid(found.uid));
}

/** Makes a rename or a new file in `directory` durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
