import type { Format } from '../../ports.ts';
import { toMarkdownTable } from '../office/markdown-row.ts';
import { type MarkupReader, readMarkup } from './markup-document.ts';
import type { MarkupLines } from './markup-lines.ts';

/** AsciiDoc: headings, delimited blocks, lists, tables, captions; attributes, comments and images' settings stay out. */
export const asciidocFormat: Format = {
  name: 'asciidoc',
  version: 1,
  extensions: ['adoc', 'asciidoc', 'asc'],
  mediaTypes: ['text/asciidoc'],
  parse: (bytes) =>
    readMarkup(
      bytes,
      [readHeading, readComment, readCode, readTable, readBareTable, readMacro, readSetting, readCaption, readItem],
      toPlain,
    ),
};

const readHeading: MarkupReader = (scan, index) => {
  const found = /^(={1,6}|#{1,6})\s+(\S.*)$/.exec(scan.lines.at(index));
  if (found === null) return undefined;
  const level = (found[1] ?? '').length;
  const title = toPlain((found[2] ?? '').trim());
  scan.title ??= level === 1 ? title : undefined;
  scan.out.heading(level, title);
  return index + 1;
};

const readComment: MarkupReader = ({ lines }, index) => {
  const line = lines.at(index);
  if (/^\/{4,}$/.test(line)) return endOf(lines, index) + 1;
  return /^\/\/(?!\/)/.test(line) ? index + 1 : undefined;
};

/** `----`, `....` and fences are code; `====`, `****`, `____` and `--` only draw a frame. */
const readCode: MarkupReader = ({ lines, out }, index) => {
  const line = lines.at(index);
  if (/^(?:={4,}|\*{4,}|_{4,}|--)$/.test(line)) {
    out.flush();
    return index + 1;
  }
  if (!/^(?:-{4,}|\.{4,}|`{3,}\w{0,40}|\+{4,})$/.test(line)) return undefined;
  const end = endOf(lines, index);
  out.code(Array.from({ length: end - index - 1 }, (_, offset) => lines.at(index + 1 + offset)));
  return end + 1;
};

/** `|===`: a row a line, or a cell a line with rows between empty lines. */
const readTable: MarkupReader = ({ lines, out }, index) => {
  if (!/^[|!,:]={3,}\s*$/.test(lines.at(index))) return undefined;
  const end = endOf(lines, index);
  const rows: string[][] = [];
  for (let at = index + 1; at < end; at += 1) if (!lines.isBlank(at)) addCells(rows, lines.at(at));
  writeTable(out, toRows(rows));
  return end + 1;
};

const readBareTable: MarkupReader = ({ lines, out }, index) => {
  const isRow = (at: number): boolean => /^\|.{0,4000}\|$/.test(lines.at(at));
  if (!isRow(index)) return undefined;
  const rows: string[][] = [];
  let next = index;
  for (; isRow(next); next += 1) addCells(rows, lines.at(next).slice(0, -1));
  writeTable(out, rows);
  return next;
};

/** A bar, with what it says about spans and alignment before it. */
const cellMark =
  /(?:(?<=^|\s)(?:\.?\d{1,3}(?:\.\d{1,3})?[+*][<^>.]{0,4}[aehlmsvd]?|[<^>.]{1,4}[aehlmsvd]?)|^[aehlmsvd])?(?<!\\)\|/;

function addCells(rows: string[][], line: string): void {
  const [before = '', ...cells] = line.split(cellMark);
  const last = rows.at(-1);
  if (before.trim() !== '' && last !== undefined)
    last[last.length - 1] = `${last.at(-1) ?? ''} ${toPlain(before.trim())}`;
  if (cells.length > 0) rows.push(cells.map((cell) => toPlain(cell.trim())));
}

/** Where the head has its cells on one line and the body one a line, the head says how many make a row. */
function toRows(lines: readonly string[][]): string[][] {
  const width = lines[0]?.length ?? 0;
  if (
    width < 2 ||
    !lines.slice(1).some((line) => line.length === 1) ||
    !lines.slice(1).every((line) => line.length === 1)
  )
    return [...lines];
  const cells = lines.slice(1).flat();
  const rows = Array.from({ length: Math.ceil(cells.length / width) }, (_, row) =>
    cells.slice(row * width, (row + 1) * width),
  );
  return [lines[0] ?? [], ...rows];
}

function writeTable(out: Parameters<MarkupReader>[0]['out'], rows: readonly string[][]): void {
  out.flush();
  for (const line of rows.length > 0 ? toMarkdownTable(rows).split('\n') : []) out.line('table', line);
  out.flush();
}

/** Images and includes show nothing here; an image's own words do. */
const readMacro: MarkupReader = ({ lines, out }, index) => {
  const found = /^(image|video|audio|include|toc|ifdef|ifndef|endif)::([^[\s]{0,500})\[([^\]]{0,1000})\]$/.exec(
    lines.at(index),
  );
  if (found === null) return undefined;
  const words = (found[3] ?? '').split(',')[0]?.trim() ?? '';
  out.flush();
  if (found[1] === 'image' && words !== '' && !words.includes('=')) out.line('paragraph', `![${words}](${found[2]})`);
  out.flush();
  return index + 1;
};

/** `:name: value`, `[attributes]`, `[[anchor]]`, `'''`, `<<<`, a lone `+`. */
const readSetting: MarkupReader = ({ lines }, index) =>
  /^(?::!?[\w-]{1,80}!?:(?:\s.*)?|\[[^\]]{0,1000}\]{1,2}|'{3,}|<{3,}|\+)$/.test(lines.at(index))
    ? index + 1
    : undefined;

/** `.Caption` above a block. */
const readCaption: MarkupReader = ({ lines, out }, index) => {
  const caption = /^\.(?![.\s])(\S.*)$/.exec(lines.at(index))?.[1];
  if (caption === undefined) return undefined;
  out.flush();
  out.line('paragraph', toPlain(caption));
  out.flush();
  return index + 1;
};

/** `** deeper` counts its stars, `term:: text` is a definition. */
const readItem: MarkupReader = ({ lines, out }, index) => {
  const found = /^\s{0,20}([*.]{1,5}|-)\s+(\S.*)$/.exec(lines.at(index));
  if (found === null) return undefined;
  const mark = found[1] ?? '';
  const indent = Math.max(mark.length - 1, Math.floor((/^\s*/.exec(lines.at(index))?.[0].length ?? 0) / 2));
  const item = (found[2] ?? '').replace(/^\[[ x*]\]\s/, '');
  out.line('list', `${'  '.repeat(indent)}${mark.startsWith('.') ? '1.' : '-'} ${toPlain(item)}`);
  return index + 1;
};

/** The line that closes the block, or the line after the last. */
function endOf(lines: MarkupLines, index: number): number {
  const mark = lines
    .at(index)
    .replace(/^(`{3,})\w+$/, '$1')
    .trimEnd();
  let next = index + 1;
  while (next < lines.length && lines.at(next) !== mark) next += 1;
  return next;
}

/** Links by their words, passthroughs and references without their marks. */
function toPlain(line: string): string {
  return line
    .replaceAll(
      /\b(?:link|xref|mailto|https?|kbd|btn|menu|footnote|image)(?::[^\s[\]]{0,1000})?:?\[([^\]]{1,1000})\]/g,
      '$1',
    )
    .replaceAll(/<<[^<>,]{1,200},([^<>]{1,500})>>/g, '$1')
    .replaceAll(/\{[\w-]{1,60}\}/g, (name) => name);
}
