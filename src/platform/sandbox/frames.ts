/**
 * Messages over a pipe: a JSON header and raw parts, with their lengths in front. Chosen over structured clone because
 * the other side may be hostile: nothing but JSON is interpreted, and the size is known before anything is kept.
 */

export type Frame = { header: unknown; parts: Uint8Array[] };

const maxParts = 64;
/** JSON is read in one step, which nothing else can interrupt; whatever is large goes into the parts. */
const maxHeaderBytes = 4_000_000;
const wordBytes = 4;

/** Several frames as one. */
export function joinFrames(frames: readonly Frame[]): Frame {
  const header = frames.map(({ header, parts }) => ({ header, parts: parts.length }));
  return { header, parts: frames.flatMap(({ parts }) => parts) };
}

/** What was joined. Throws RangeError when it is not `count` frames: the sender may not be trusted. */
export function splitFrame({ header, parts }: Frame, count?: number): Frame[] {
  if (!Array.isArray(header) || header.length !== (count ?? header.length)) throw new RangeError('Not what was asked.');
  let taken = 0;
  const frames = header.map((entry: { header?: unknown; parts?: unknown } | null): Frame => {
    const own = takeParts(parts, taken, entry?.parts);
    taken += own.length;
    return { header: entry?.header, parts: own };
  });
  if (taken !== parts.length) throw new RangeError('Parts came that belong to none.');
  return frames;
}

function takeParts(parts: readonly Uint8Array[], from: number, count: unknown): Uint8Array[] {
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 0;
  if (!isCount || from + count > parts.length) throw new RangeError('Parts are announced that did not come.');
  return parts.slice(from, from + count);
}

/** The buffers to write one after another; parts are passed on without a copy. */
export function toFrameBytes(frame: Frame): Uint8Array[] {
  const header = Buffer.from(JSON.stringify(frame.header), 'utf8');
  const lengths = Buffer.alloc(wordBytes * (2 + frame.parts.length));
  lengths.writeUInt32LE(header.length, 0);
  lengths.writeUInt32LE(frame.parts.length, wordBytes);
  frame.parts.forEach((part, index) => {
    lengths.writeUInt32LE(part.byteLength, wordBytes * (2 + index));
  });
  return [lengths, header, ...frame.parts];
}

export type FrameReader = {
  /** Takes what arrived and gives the frame once it is whole. Throws RangeError when it is larger than allowed or malformed. */
  push(bytes: Uint8Array): Frame | undefined;
};

type Lengths = { header: number; parts: number[]; total: number };

/** Reads one frame at a time: whatever follows a whole frame before the next request is refused. */
export function createFrameReader(maxBytes: number): FrameReader {
  let start: Buffer = Buffer.alloc(0);
  let lengths: Lengths | undefined;
  let whole: Buffer = start;
  let received = 0;
  /** Each piece is copied to its place as it comes, so that the end of a large frame is not a long step. */
  const place = (bytes: Uint8Array, total: number): void => {
    if (received + bytes.byteLength > total) throw new RangeError('More bytes than announced.');
    whole.set(bytes, received);
    received += bytes.byteLength;
  };
  return {
    push(bytes) {
      if (lengths === undefined) {
        start = Buffer.concat([start, bytes]);
        lengths = readLengths(start, maxBytes);
        if (lengths === undefined) return undefined;
        whole = Buffer.allocUnsafe(lengths.total);
        place(start, lengths.total);
      } else place(bytes, lengths.total);
      if (received < lengths.total) return undefined;
      const frame = cutFrame(whole, lengths);
      start = Buffer.alloc(0);
      whole = start;
      lengths = undefined;
      received = 0;
      return frame;
    },
  };
}

function readLengths(start: Buffer, maxBytes: number): Lengths | undefined {
  if (start.length < 2 * wordBytes) return undefined;
  const header = start.readUInt32LE(0);
  const partCount = start.readUInt32LE(wordBytes);
  if (partCount > maxParts) throw new RangeError('Too many parts.');
  const lengthsEnd = wordBytes * (2 + partCount);
  if (start.length < lengthsEnd) return undefined;
  const parts = Array.from({ length: partCount }, (_, index) => start.readUInt32LE(wordBytes * (2 + index)));
  const total = parts.reduce((sum, length) => sum + length, lengthsEnd + header);
  if (header > maxHeaderBytes)
    throw new RangeError(`A header of ${header} bytes announced, ${maxHeaderBytes} allowed.`);
  if (total > maxBytes) throw new RangeError(`${total} bytes announced, ${maxBytes} allowed.`);
  return { header, parts, total };
}

function cutFrame(whole: Buffer, lengths: Lengths): Frame {
  let offset = wordBytes * (2 + lengths.parts.length);
  const header: unknown = JSON.parse(whole.toString('utf8', offset, offset + lengths.header));
  offset += lengths.header;
  const parts = lengths.parts.map((length) => {
    const part = whole.subarray(offset, offset + length);
    offset += length;
    return part;
  });
  return { header, parts };
}
