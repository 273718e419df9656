import { isUtf8 } from 'node:buffer';
import { AppError } from '#platform/errors.ts';

const quote = 0x22;
const backslash = 0x5c;
const depthChange = new Int8Array(256);
depthChange.set([1], 0x5b);
depthChange.set([-1], 0x5d);
depthChange.set([1], 0x7b);
depthChange.set([-1], 0x7d);

function endOfString(bytes: Buffer, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}

/** Counts brackets outside strings, so that a deep body is refused before a parser recurses into it. */
function isDeeperThan(bytes: Buffer, maxDepth: number): boolean {
  let depth = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte === quote) index = endOfString(bytes, index);
    depth += depthChange[byte] ?? 0;
    if (depth > maxDepth) return true;
  }
  return false;
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasPrototypeKey);
  return Object.entries(value).some(
    ([key, item]) =>
      key === '__proto__' ||
      (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype')) ||
      hasPrototypeKey(item),
  );
}

const malformed = (message: string, cause?: unknown) => new AppError('BODY_MALFORMED', 'invalid', message, { cause });

/** The value of a JSON body. Throws BODY_MALFORMED or BODY_TOO_DEEP; the message never repeats the body. */
export function parseJsonBody(bytes: Buffer, maxDepth: number): unknown {
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.');
  if (isDeeperThan(bytes, maxDepth)) {
    throw new AppError('BODY_TOO_DEEP', 'invalid', `The JSON body is nested deeper than ${maxDepth} levels.`, {
      details: { maxDepth },
    });
  }
  const text = bytes.toString('utf8');
  const value = parseJson(text);
  // Escapes can spell these keys too, so that the walk is skipped only when neither word nor escape occurs.
  if (/__proto__|constructor|\\u/.test(text) && hasPrototypeKey(value)) {
    throw malformed('The body carries a key `__proto__` or `constructor.prototype`, which no route accepts.');
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = / at position (\d+)/.exec(String(error))?.[1];
    throw malformed(
      position === undefined
        ? 'The body is not valid JSON.'
        : `The body is not valid JSON: the mistake is at character ${position}.`,
      error,
    );
  }
}
