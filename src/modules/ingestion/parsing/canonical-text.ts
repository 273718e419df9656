/** Text as it is stored: everything that could make two copies of a sentence differ, or break a database, is settled here. */

/** NFC, LF line ends, no byte order mark, no NUL, no lone surrogate. */
export function toCanonicalText(text: string): string {
  const unmarked = withoutMark(text);
  const lines = unmarked.includes('\r') ? unmarked.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : unmarked;
  const printable = lines.includes('\0') ? withoutMark(lines.replaceAll('\0', '')) : lines;
  return beyondLatin.test(printable) ? normalizeInParts(printable.toWellFormed()) : printable;
}

/** Below U+0300 every text is in NFC as it stands. */
const beyondLatin = /[\u0300-\uFFFF]/;

/** Normalizing takes several times the memory of its text. */
const partCharacters = 1_000_000;

/** In parts that begin with a line: nothing combines with a line end. */
function normalizeInParts(text: string): string {
  if (text.length <= partCharacters) return text.normalize('NFC');
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start + partCharacters);
    const end = newline < 0 ? text.length : newline;
    parts.push(text.slice(start, end).normalize('NFC'));
    start = end;
  }
  return parts.join('');
}

/** All of them: what is left must not begin with one again. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF+/, '');
}

/** True when there is nothing to read: only white space, format characters and controls. */
export function isBlank(text: string): boolean {
  return !/[^\s\p{C}]/u.test(text);
}
