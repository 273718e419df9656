/** Titles as people read them, from the way they are written in a document or a file's name. */

export const maxTitleLength = 500;

/** A heading without its Markdown: `## The *first* `run` { #anchor }` → `The first run`. Linear in the length. */
export function toHeadingTitle(source: string): string {
  const line = source
    .slice(0, 2 * maxTitleLength)
    .replace(/^\s{0,3}#{1,6}(?=\s)/, '')
    .trim();
  return withoutInlineMarks(withoutSetextRule(withoutClosing(line)));
}

/** The title in the reader's words, on one line, at most 500 characters. */
export function toTitle(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, maxTitleLength).toWellFormed();
}

/** `reports/2024_final.pdf` → `2024_final`. */
export function titleFromFilename(filename: string): string {
  const name = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return toTitle(dot > 0 ? name.slice(0, dot) : name) || 'Untitled';
}

function withoutSetextRule(text: string): string {
  const lines = text.split('\n');
  const last = lines.at(-1)?.trim() ?? '';
  return lines.length > 1 && (/^=+$/.test(last) || /^-+$/.test(last)) ? lines.slice(0, -1).join(' ') : lines.join(' ');
}

function withoutClosing(line: string): string {
  const open = line.endsWith('}') ? line.lastIndexOf('{') : -1;
  const named = open > 0 && /^\{:?\s*[#.]/.test(line.slice(open)) ? line.slice(0, open).trimEnd() : line;
  let end = named.length;
  while (end > 0 && named[end - 1] === '#') end -= 1;
  const closed = end < named.length && /\s/.test(named[end - 1] ?? '');
  return closed ? named.slice(0, end).trimEnd() : named;
}

function withoutInlineMarks(text: string): string {
  const plain = text
    .replaceAll(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replaceAll(/<\/?[a-z][^<>]*>/gi, '')
    .replaceAll('`', '')
    .replaceAll(/(\*\*|__)(?=\S)([^*_]+)\1/g, '$2')
    .replaceAll(/(?<!\w)([*_])(?=\S)([^*_]+)\1(?!\w)/g, '$2')
    .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1');
  return toTitle(plain);
}
