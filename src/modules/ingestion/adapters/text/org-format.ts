import type { Format } from '../../ports.ts';
import { toMarkdownRow } from '../office/markdown-row.ts';
import { type MarkupReader, readMarkup } from './markup-document.ts';
import type { MarkupLines } from './markup-lines.ts';

/** Org: headings by their stars, source and example blocks, lists, tables; drawers, settings and comments stay out. */
export const orgFormat: Format = {
  name: 'org',
  version: 1,
  extensions: ['org'],
  mediaTypes: ['text/org'],
  parse: (bytes) => readMarkup(bytes, [readHeading, readBlock, readDrawer, readSetting, readTable], toPlain),
};

const deepestLevel = 6;

const readHeading: MarkupReader = (scan, index) => {
  const found = /^(\*{1,20})\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(?:\[#[A-Z]\]\s+)?(\S.*)$/.exec(
    scan.lines.at(index),
  );
  if (found === null) return undefined;
  const level = Math.min((found[1] ?? '').length, deepestLevel);
  const title = toPlain((found[2] ?? '').replace(/\s:[\w@:]{1,200}:$/, '').trim());
  scan.title ??= level === 1 ? title : undefined;
  scan.out.heading(level, title);
  return index + 1;
};

/** `#+BEGIN_X … #+END_X`: code, except for quotes and prose. */
const readBlock: MarkupReader = ({ lines, out }, index) => {
  const kind = /^\s*#\+begin_(\w{1,40})/i.exec(lines.at(index))?.[1]?.toLowerCase();
  if (kind === undefined) return undefined;
  const end = findEnd(lines, index + 1, new RegExp(`^\\s*#\\+end_${kind}\\b`, 'i'));
  const body = Array.from({ length: end - index - 1 }, (_, offset) => lines.at(index + 1 + offset));
  out.flush();
  if (kind === 'comment') return end + 1;
  if (/^(?:quote|verse|center)$/.test(kind)) for (const line of body) out.line('quote', `> ${toPlain(line.trim())}`);
  else out.code(body);
  out.flush();
  return end + 1;
};

const readDrawer: MarkupReader = ({ lines }, index) =>
  /^\s*:(?:PROPERTIES|LOGBOOK|CLOCK):$/i.test(lines.at(index))
    ? findEnd(lines, index + 1, /^\s*:END:$/i) + 1
    : undefined;

/** `#+TITLE:` names the document; other settings and comments are for programs. */
const readSetting: MarkupReader = (scan, index) => {
  const line = scan.lines.at(index);
  if (!/^\s*#(?:\+|\s|$)/.test(line)) return undefined;
  const title = /^\s*#\+title:\s*(\S.*)$/i.exec(line)?.[1];
  if (title !== undefined) {
    scan.title = toPlain(title);
    scan.out.heading(1, toPlain(title));
  }
  return index + 1;
};

const readTable: MarkupReader = ({ lines, out }, index) => {
  if (!/^\s*\|/.test(lines.at(index))) return undefined;
  out.flush();
  let next = index;
  let count = 0;
  for (; /^\s*\|/.test(lines.at(next)); next += 1) {
    if (/^\s*\|[-+|]+$/.test(lines.at(next))) continue;
    const cells = lines
      .at(next)
      .trim()
      .replace(/^\|/, '')
      .replace(/\|$/, '')
      .split('|')
      .map((cell) => toPlain(cell.trim()));
    out.line('table', toMarkdownRow(cells));
    if (count === 0) out.line('table', `|${' --- |'.repeat(cells.length)}`);
    count += 1;
  }
  out.flush();
  return next;
};

/** The line of the end mark, or the last line when there is none. */
function findEnd(lines: MarkupLines, from: number, end: RegExp): number {
  let next = from;
  while (next < lines.length && !end.test(lines.at(next))) next += 1;
  return Math.min(next, lines.length);
}

/** Links by their words, =code= and ~code~ as code. */
function toPlain(line: string): string {
  return line
    .replaceAll(/\[\[[^[\]]{1,2000}\]\[([^[\]]{1,1000})\]\]/g, '$1')
    .replaceAll(/\[\[([^[\]]{1,2000})\]\]/g, '$1')
    .replaceAll(/(?<![\w=~])([=~])(\S(?:[^=~\n]{0,300}\S)?)\1(?!\w)/g, '`$2`');
}
