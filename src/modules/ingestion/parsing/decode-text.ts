/** Bytes to text without guessing in silence: a byte order mark or valid UTF-8 decides, anything else is said aloud or refused. */
import { AppError } from '#platform/errors.ts';
import { decodeEastAsian } from './decode-east-asian.ts';

export type DecodedText = { text: string; warnings: string[] };

/** Largest share of bytes above 127 in a text that is believed to be a Western one-byte encoding. */
const maxHighShare = 0.3;
/** Largest share of control characters in what is believed to be text. */
const maxControlShare = 0.01;

/** Throws DOCUMENT_ENCODING. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const marked = decodeByMark(bytes) ?? decodeWideWithoutMark(bytes);
  if (marked !== undefined) return marked;
  const text = decodeUtf8(bytes);
  if (text !== undefined) return refuseBinary({ text, warnings: [] });
  return refuseBinary(decodeLegacy(bytes));
}

/** Broken UTF-8 is said to be that before any other encoding is tried. */
function decodeLegacy(bytes: Uint8Array): DecodedText {
  const utf8 = scanUtf8(bytes);
  const eastAsian = utf8.valid > utf8.invalid ? undefined : decodeEastAsian(bytes);
  if (eastAsian === undefined) return decodeWestern(bytes, utf8);
  return {
    text: eastAsian.text,
    warnings: [`The file is not valid UTF-8 (byte ${utf8.firstInvalid}); it was read as ${eastAsian.label}.`],
  };
}

/** Decodes by a label that the document itself names (`<meta charset>`); undefined when the label is unknown or wrong. */
export function decodeByLabel(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    // An unknown label or bytes that do not fit: the caller falls back to its own detection.
    return undefined;
  }
}

function decodeByMark(bytes: Uint8Array): DecodedText | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0)
    return { text: decodeUtf32(bytes.subarray(4), true), warnings: [] };
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff)
    return { text: decodeUtf32(bytes.subarray(4), false), warnings: [] };
  if (a === 0xff && b === 0xfe) return { text: decodeUtf16(bytes, 'utf-16le'), warnings: [] };
  if (a === 0xfe && b === 0xff) return { text: decodeUtf16(bytes, 'utf-16be'), warnings: [] };
  return undefined;
}

/** Text in UTF-16 or UTF-32 without a mark shows itself by its regular zero bytes. */
function decodeWideWithoutMark(bytes: Uint8Array): DecodedText | undefined {
  const sample = bytes.subarray(0, 4_096 - (4_096 % 4));
  const zeros = [0, 0, 0, 0];
  sample.forEach((byte, index) => {
    if (byte === 0) zeros[index % 4] = (zeros[index % 4] ?? 0) + 1;
  });
  const mostly = (sample.length / 4) * 0.7;
  const [first, second, third, fourth] = zeros.map((count) => count > mostly);
  if (sample.length < 8) return undefined;
  const warn = (encoding: string): string[] => [`The file has no byte order mark; it was read as ${encoding}.`];
  if (!first && second && third && fourth) return { text: decodeUtf32(bytes, true), warnings: warn('UTF-32LE') };
  if (first && second && third && !fourth) return { text: decodeUtf32(bytes, false), warnings: warn('UTF-32BE') };
  if (!first && second && !third && fourth) return { text: decodeUtf16(bytes, 'utf-16le'), warnings: warn('UTF-16LE') };
  if (first && !second && third && !fourth) return { text: decodeUtf16(bytes, 'utf-16be'), warnings: warn('UTF-16BE') };
  return undefined;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  return decodeByLabel(bytes, 'utf-8');
}

function decodeUtf16(bytes: Uint8Array, label: 'utf-16le' | 'utf-16be'): string {
  const text = decodeByLabel(bytes, label);
  if (text === undefined) throw encodingError(`The file is marked as ${label.toUpperCase()} and is not valid in it.`);
  return text;
}

function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  if (bytes.byteLength % 4 !== 0) throw encodingError('The file is marked as UTF-32 and ends inside a character.');
  for (let offset = 0; offset < bytes.byteLength; offset += 4) {
    const point = view.getUint32(offset, littleEndian);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
      throw encodingError('The file is marked as UTF-32 and is not valid in it.');
    }
    parts.push(String.fromCodePoint(point));
  }
  return parts.join('');
}

/** The Windows encoding of Western Europe, when the bytes look like it: few high bytes, none undefined, no broken UTF-8. */
function decodeWestern(bytes: Uint8Array, utf8: ReturnType<typeof scanUtf8>): DecodedText {
  const { firstInvalid, valid, invalid, high, undefinedBytes } = utf8;
  if (valid > invalid) {
    throw encodingError(`The file is UTF-8 with ${invalid} invalid places, the first at byte ${firstInvalid}.`, {
      byte: firstInvalid,
    });
  }
  if (undefinedBytes > 0 || high > bytes.byteLength * maxHighShare) {
    throw encodingError(
      `The file is not valid UTF-8 (byte ${firstInvalid}) and does not look like Windows-1252 either.`,
      {
        byte: firstInvalid,
      },
    );
  }
  return {
    text: new TextDecoder('windows-1252').decode(bytes),
    warnings: [`The file is not valid UTF-8 (byte ${firstInvalid}); it was read as Windows-1252.`],
  };
}

const undefinedInWestern = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** Counts well-formed multi-byte sequences against places that are not. */
function scanUtf8(bytes: Uint8Array) {
  const found = { firstInvalid: -1, valid: 0, invalid: 0, high: 0, undefinedBytes: 0 };
  let index = 0;
  while (index < bytes.length) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x80) {
      index += 1;
      continue;
    }
    const length = sequenceLength(bytes, index);
    if (length > 0) found.valid += 1;
    else {
      found.invalid += 1;
      if (found.firstInvalid < 0) found.firstInvalid = index;
    }
    const taken = Math.max(1, length);
    found.high += taken;
    if (undefinedInWestern.has(byte)) found.undefinedBytes += 1;
    index += taken;
  }
  if (found.firstInvalid < 0) found.firstInvalid = bytes.length;
  return found;
}

/** Length of the multi-byte sequence that starts here, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const lead = bytes[index] ?? 0;
  const length = [2, 3, 4][[0xc2, 0xe0, 0xf0].findLastIndex((least) => lead >= least)] ?? 0;
  if (length === 0 || lead > 0xf4) return 0;
  const [least, most] = secondByteRanges[lead] ?? [0x80, 0xbf];
  const second = bytes[index + 1] ?? 0;
  if (second < least || second > most) return 0;
  for (let next = 2; next < length; next += 1) {
    const byte = bytes[index + next] ?? 0;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** Lead bytes after which not every second byte is allowed: overlong forms, surrogates, beyond U+10FFFF. */
const secondByteRanges: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

/** Valid in some encoding is not yet text: archives and images are caught by their control characters. */
function refuseBinary(decoded: DecodedText): DecodedText {
  let controls = 0;
  for (let index = 0; index < decoded.text.length; index += 1) {
    const unit = decoded.text.charCodeAt(index);
    if (unit < 0x20 && !(unit >= 0x08 && unit <= 0x0d) && unit !== 0x1b) controls += 1;
  }
  if (controls === 0) return decoded;
  if (controls > decoded.text.length * maxControlShare) {
    throw encodingError('The file is binary, not text.');
  }
  return { text: decoded.text, warnings: [...decoded.warnings, `The file holds ${controls} control characters.`] };
}

function encodingError(message: string, details: Record<string, unknown> = {}): AppError {
  return new AppError('DOCUMENT_ENCODING', 'invalid', message, { details });
}
