/** The key that everything outside of the database is encrypted under. Lost key, lost blobs: it belongs into the backup. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';
import { Secret } from '../secret.ts';

const keyBytes = 32;

/**
 * The configured key, else the one below the home, made when there is none; base64. Two processes that start at the same
 * time end with the same key. Throws FILE_KEY_INVALID.
 */
export async function openFileKey(home: string, configured?: Secret): Promise<Secret> {
  const key = configured?.reveal() ?? (await readOrMake(path.join(home, 'keys', 'file.key')));
  if (Buffer.from(key, 'base64').length === keyBytes) return new Secret(key);
  throw new AppError('FILE_KEY_INVALID', 'invalid', 'The file key is not 32 bytes in base64.');
}

async function readOrMake(file: string): Promise<string> {
  const found = await readKey(file);
  if (found !== undefined) return found;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  // Not the process id: two containers on one home may have the same, and one process may ask twice.
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  await writeDurably(draft, `${randomBytes(keyBytes).toString('base64')}\n`);
  try {
    // A link, not a rename: who comes second must not replace a key that may be in use already.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(path.dirname(file));
  await syncFolder(path.dirname(path.dirname(file)));
  return (await readKey(file)) ?? '';
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
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
