/** Reads compound files, the container of Office before 2007 and of Outlook messages: a small file system in a file. */
import { damaged } from './read-zip.ts';

export type CompoundFile = {
  /** Paths of the streams, joined by `/`. */
  readonly names: readonly string[];
  /** The bytes of a stream; undefined when it is absent. Throws DOCUMENT_DAMAGED. */
  read(name: string): Buffer | undefined;
};

type Entry = { name: string; type: number; left: number; right: number; child: number; start: number; size: number };

const mark = 'd0cf11e0a1b11ae1';
const endOfChain = 0xfffffffe;
const noEntry = 0xffffffff;
const entryBytes = 128;
const smallSectorBytes = 64;
const maxEntries = 100_000;
const maxDepth = 20;
const inHeader = 109;

/** Throws DOCUMENT_DAMAGED. */
export function openCompoundFile(bytes: Uint8Array): CompoundFile {
  return withinBounds(() => open(bytes));
}

function open(bytes: Uint8Array): CompoundFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 512 || file.toString('hex', 0, 8) !== mark) throw damaged('The file is no compound file.');
  const sectorBytes = 2 ** file.readUInt16LE(30);
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw damaged('The file has a broken header.');
  const sectorAt = (sector: number): Buffer => {
    const start = (sector + 1) * sectorBytes;
    if (start >= file.length) throw damaged('The file is cut off: a part of it lies behind its end.');
    return file.subarray(start, start + sectorBytes);
  };
  const table = readTable(file, sectorAt);
  const readChain = (start: number): Buffer => followChain(start, table, sectorAt);
  const entries = readEntries(readChain(file.readUInt32LE(48)));
  const root = entries[0];
  const smallTable = toNumbers(chainOrNothing(file.readUInt32LE(60), readChain));
  const small = root === undefined ? Buffer.alloc(0) : chainOrNothing(root.start, readChain);
  const smallAt = (sector: number): Buffer =>
    small.subarray(sector * smallSectorBytes, (sector + 1) * smallSectorBytes);
  const smallLimit = file.readUInt32LE(56);
  const streams = new Map<string, Entry>();
  if (root !== undefined) listStreams({ entries, streams, seen: new Set() }, root.child, '', 0);
  return {
    names: [...streams.keys()],
    read(name) {
      const entry = streams.get(name);
      if (entry === undefined) return undefined;
      const chain =
        entry.size < smallLimit
          ? followChain(entry.start, smallTable, smallAt)
          : chainOrNothing(entry.start, readChain);
      if (chain.length < entry.size) throw damaged('The file is cut off: a part of it is shorter than it says.');
      return chain.subarray(0, entry.size);
    },
  };
}

/** Numbers that point behind the end of the file are damage. Throws DOCUMENT_DAMAGED. */
export function withinBounds<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof RangeError
      ? damaged('The file is cut off or broken: it points behind its end.', cause)
      : cause;
  }
}

const chainOrNothing = (start: number, read: (start: number) => Buffer): Buffer =>
  start >= endOfChain ? Buffer.alloc(0) : read(start);

function toNumbers(bytes: Buffer): number[] {
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readUInt32LE(index * 4));
}

/** The table of chains is itself spread over sectors, listed in the header and, for large files, in further sectors. */
function readTable(file: Buffer, sectorAt: (sector: number) => Buffer): number[] {
  const sectors = toNumbers(file.subarray(76, 76 + inHeader * 4));
  let next = file.readUInt32LE(68);
  const most = file.length / 512;
  for (let count = 0; next < endOfChain && count < most; count += 1) {
    const list = toNumbers(sectorAt(next));
    next = list.pop() ?? endOfChain;
    sectors.push(...list);
  }
  return sectors.filter((sector) => sector < endOfChain).flatMap((sector) => toNumbers(sectorAt(sector)));
}

/** A chain that is longer than its table goes in a circle. */
function followChain(start: number, table: readonly number[], sectorAt: (sector: number) => Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let sector = start; sector < endOfChain; sector = table[sector] ?? endOfChain) {
    if (pieces.length > table.length) throw damaged('The parts of the file go in a circle.');
    pieces.push(sectorAt(sector));
  }
  return Buffer.concat(pieces);
}

function readEntries(directory: Buffer): Entry[] {
  const count = Math.min(maxEntries, Math.floor(directory.length / entryBytes));
  return Array.from({ length: count }, (_, index) => {
    const entry = directory.subarray(index * entryBytes, (index + 1) * entryBytes);
    return {
      name: entry.toString('utf16le', 0, Math.max(0, Math.min(64, entry.readUInt16LE(64)) - 2)),
      type: entry.readUInt8(66),
      left: entry.readUInt32LE(68),
      right: entry.readUInt32LE(72),
      child: entry.readUInt32LE(76),
      start: entry.readUInt32LE(116),
      size: entry.readUInt32LE(120),
    };
  });
}

type Listing = { entries: readonly Entry[]; streams: Map<string, Entry>; seen: Set<number> };

/** Folders are binary trees of siblings; an entry is visited once, whatever points at it. */
function listStreams(listing: Listing, start: number, folder: string, depth: number): void {
  const waiting = [start];
  while (waiting.length > 0) {
    const id = waiting.pop() ?? noEntry;
    const entry = listing.entries[id];
    if (entry === undefined || listing.seen.has(id) || depth > maxDepth) continue;
    listing.seen.add(id);
    waiting.push(entry.right, entry.left);
    if (entry.type === 2) listing.streams.set(folder + entry.name, entry);
    else if (entry.type === 1) listStreams(listing, entry.child, `${folder}${entry.name}/`, depth + 1);
  }
}
