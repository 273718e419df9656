/**
 * A path below a folder as an external id and back. Names are bytes on disk: what is no valid UTF-8, no printable
 * character or `%` is percent-encoded, so that every name has exactly one id and every id exactly one name.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsafe = /[%\u0000-\u001f\u007f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const unsafeByte = /[%\u0000-\u001f\u007f-\u00ff]/g;
const encoded = /%([0-9A-F]{2})/g;

/** One name, without its folders. */
export function toIdSegment(name: Buffer): string {
  const text = decode(name);
  if (text !== undefined) return text.replaceAll(unsafe, (character) => percent(character.charCodeAt(0)));
  return name.toString('latin1').replaceAll(unsafeByte, (byte) => percent(byte.charCodeAt(0)));
}

/** The path of an id in bytes; undefined for an id that no path has, e.g. one that leads out of the folder. */
export function toPath(externalId: string): Buffer | undefined {
  const parts: Buffer[] = [];
  let last = 0;
  for (const match of externalId.matchAll(encoded)) {
    parts.push(Buffer.from(externalId.slice(last, match.index)), Buffer.from(match[1] ?? '', 'hex'));
    last = match.index + match[0].length;
  }
  parts.push(Buffer.from(externalId.slice(last)));
  const bytes = Buffer.concat(parts);
  const isWhole = bytes.length > 0 && !bytes.includes(0) && externalId.split('/').every(isName);
  return isWhole ? bytes : undefined;
}

/** What people are shown; not reversible. */
export function toShownPath(externalId: string): string {
  const path = toPath(externalId)?.toString('utf8') ?? externalId;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are not shown.
  return path.replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

const isName = (segment: string) => segment !== '' && segment !== '.' && segment !== '..' && !segment.includes('%2F');

const percent = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

function decode(name: Buffer): string | undefined {
  try {
    return decoder.decode(name);
  } catch {
    return undefined;
  }
}
