/**
 * Reads ZIP containers of office files without believing them. Nothing is written to disk, so a name leads nowhere; what
 * is bounded is the number of entries, what they expand to, and that they are what the directory says.
 */
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { AppError } from '#platform/errors.ts';

export type Zip = {
  /** Names of the files inside, in the order of the directory. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The expanded bytes in pieces. A name that is absent gives none. Throws DOCUMENT_DAMAGED and DOCUMENT_ENCRYPTED. */
  stream(name: string): AsyncIterable<Uint8Array>;
  /** The expanded bytes of a file up to `maxWholeBytes`; undefined when it is absent. */
  read(name: string): Promise<Uint8Array | undefined>;
};

/** Office files have tens to some thousands: one an image or slide. */
const maxEntries = 20_000;
const maxEntryBytes = 400_000_000;
const maxTotalBytes = 800_000_000;
/** Most bytes that one byte of the file may become. */
const maxExpansion = 100;
/** So little does no harm, whatever it expands from. */
const harmlessBytes = 1_000_000;
/** Largest file inside that is read as a whole. */
const maxWholeBytes = 64_000_000;
const localHeaderBytes = 30;

/** Throws DOCUMENT_DAMAGED, DOCUMENT_ENCRYPTED. */
export async function openZip(bytes: Uint8Array): Promise<Zip> {
  refuseCompoundFile(bytes);
  const { zip, entries } = await readDirectory(bytes);
  const budget = { left: maxTotalBytes };
  const stream = async function* (name: string): AsyncGenerator<Uint8Array> {
    const entry = entries.get(name);
    if (entry !== undefined) yield* expand(zip, entry, budget);
  };
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    stream,
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      if (entry.uncompressedSize > maxWholeBytes) throw damaged(`Its part ${shown(name)} is too large.`);
      const pieces: Uint8Array[] = [];
      for await (const piece of stream(name)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

const compoundFileMark = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const encryptedStreamName = Buffer.from('EncryptedPackage', 'utf16le');

/** Office keeps encrypted files, and those of before 2007, in another container. */
function refuseCompoundFile(bytes: Uint8Array): void {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, compoundFileMark.length).equals(compoundFileMark)) return;
  if (file.includes(encryptedStreamName)) throw encrypted();
  throw damaged('The file is of a format of before 2007 and named like a newer one.');
}

async function readDirectory(bytes: Uint8Array): Promise<{ zip: ZipFile; entries: Map<string, Entry> }> {
  const zip = await open(bytes);
  if (zip.entryCount > maxEntries)
    throw damaged(`The file holds ${zip.entryCount} parts; at most ${maxEntries} are read.`);
  const all = await listEntries(zip);
  refuseOverlaps(all);
  const entries = new Map<string, Entry>();
  for (const entry of all) {
    if (entry.fileName.endsWith('/')) continue;
    if (entries.has(entry.fileName)) throw damaged(`The file holds the part ${shown(entry.fileName)} twice.`);
    entries.set(entry.fileName, entry);
  }
  return { zip, entries };
}

async function open(bytes: Uint8Array): Promise<ZipFile> {
  const { fromBuffer } = await import('yauzl');
  return new Promise((resolve, reject) => {
    const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    fromBuffer(file, { lazyEntries: true }, (error, zip) => {
      if (error) reject(damaged(`The file is cut off or no ZIP container: its directory is missing or broken.`, error));
      else resolve(zip);
    });
  });
}

function listEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', (cause) => reject(toDirectoryError(cause)));
    zip.readEntry();
  });
}

function toDirectoryError(cause: Error): AppError {
  if (/encryption/.test(cause.message)) return encrypted(cause);
  if (/(?:invalid relative path|absolute path|invalid characters)/.test(cause.message)) {
    return damaged('A part of the file has a name that leads out of it.', cause);
  }
  return damaged('The ZIP directory of the file is broken.', cause);
}

/** Parts that share bytes are how a small file becomes a huge one without a high ratio anywhere. */
function refuseOverlaps(entries: readonly Entry[]): void {
  const sorted = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const { relativeOffsetOfLocalHeader: start, compressedSize } of sorted) {
    if (start < end) throw damaged('Parts of the file overlap each other.');
    end = start + localHeaderBytes + compressedSize;
  }
}

async function* expand(zip: ZipFile, entry: Entry, budget: { left: number }): AsyncGenerator<Uint8Array> {
  const name = shown(entry.fileName);
  if (entry.isEncrypted()) throw encrypted();
  const most = Math.max(harmlessBytes, entry.compressedSize * maxExpansion);
  const tooMuch = (): AppError => damaged(`Its part ${name} expands to more than ${maxExpansion} times its size.`);
  if (entry.uncompressedSize > most) throw tooMuch();
  if (entry.uncompressedSize > maxEntryBytes) throw damaged(`Its part ${name} is larger than ${maxEntryBytes} bytes.`);
  let length = 0;
  let checksum = 0;
  try {
    for await (const piece of await openStream(zip, entry)) {
      length += piece.length;
      budget.left -= piece.length;
      if (length > most) throw tooMuch();
      if (budget.left < 0) throw damaged(`The file expands to more than ${maxTotalBytes} bytes.`);
      checksum = crc32(piece, checksum);
      yield piece;
    }
  } catch (cause) {
    throw cause instanceof AppError ? cause : damaged(`Its part ${name} cannot be expanded.`, cause);
  }
  if (checksum !== entry.crc32 >>> 0) throw damaged(`Its part ${name} has a wrong checksum.`);
}

function openStream(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
}

const shown = (name: string): string => `"${name.slice(0, 100)}"`;

/** One code for whatever is wrong with a file; the message is the reason. */
export function damaged(message: string, cause?: unknown): AppError {
  return new AppError('DOCUMENT_DAMAGED', 'invalid', message, { cause });
}

export function encrypted(cause?: unknown): AppError {
  return new AppError('DOCUMENT_ENCRYPTED', 'invalid', 'The file is protected by a password.', { cause });
}
