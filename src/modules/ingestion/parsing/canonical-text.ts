/** Text as it is stored: everything that could make two copies of a sentence differ, or break a database, is settled here. */

/** NFC, LF line ends, no byte order mark, no NUL, no lone surrogate. */
export function toCanonicalText(text: string): string {
  const unmarked = withoutMark(text);
  const lines = unmarked.includes('\r') ? unmarked.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : unmarked;
  const printable = lines.includes('\0') ? withoutMark(lines.replaceAll('\0', '')) : lines;
  return printable.toWellFormed().normalize('NFC');
}

/** All of them: what is left must not begin with one again. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF+/, '');
}

/** True when there is nothing to read: only white space, format characters and controls. */
export function isBlank(text: string): boolean {
  return !/[^\s\p{C}]/u.test(text);
}
