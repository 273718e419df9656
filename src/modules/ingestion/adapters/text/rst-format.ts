import type { Format } from '../../ports.ts';
import { toMarkdownTable } from '../office/markdown-row.ts';
import { type MarkupReader, readMarkup } from './markup-document.ts';
import type { MarkupLines } from './markup-lines.ts';

/** reStructuredText: headings by the order of their rules, literal blocks and code, lists, tables; comments stay out. */
export const rstFormat: Format = {
  name: 'rst',
  version: 1,
  extensions: ['rst', 'rest'],
  mediaTypes: ['text/x-rst'],
  parse: (bytes) =>
    readMarkup(bytes, [createHeadingReader(), readDirective, readGridTable, readSimpleTable, readLiteral], toPlain),
};

const rule = /^([=\-~^"'`#*+.:_<>])\1{2,}$/;
const deepestLevel = 6;

type Title = { text: string; kind: string; next: number };

/** The first kind of rule seen is the outermost. */
function createHeadingReader(): MarkupReader {
  const kinds: string[] = [];
  return (scan, index) => {
    const title = findTitle(scan.lines, index);
    if (title === undefined) return undefined;
    if (!kinds.includes(title.kind)) kinds.push(title.kind);
    const level = Math.min(kinds.indexOf(title.kind) + 1, deepestLevel);
    scan.title ??= level === 1 ? title.text : undefined;
    scan.out.heading(level, title.text);
    return title.next;
  };
}

/** A line with a rule below it, or with one above and below. */
function findTitle(lines: MarkupLines, index: number): Title | undefined {
  const isOver = rule.test(lines.at(index)) && lines.at(index + 2) === lines.at(index);
  const line = lines.at(isOver ? index + 1 : index);
  const below = lines.at(isOver ? index + 2 : index + 1);
  if (!/[\p{L}\p{N}]/u.test(line) || !rule.test(below) || (!isOver && /^\s/.test(line))) return undefined;
  if (!isOver && below.length < Math.min(line.length, 4)) return undefined;
  return {
    text: toPlain(line.trim()),
    kind: `${isOver ? 'over' : ''}${below.charAt(0)}`,
    next: index + (isOver ? 3 : 2),
  };
}

const codeDirectives = /^(?:code|code-block|sourcecode|literalinclude|highlight|parsed-literal|math|prompt|doctest)$/;

/** `.. name:: argument` with its indented lines; `.. anything else` is a comment or a target. */
const readDirective: MarkupReader = ({ lines, out }, index) => {
  const found = /^\s{0,40}\.\.(?:\s+(?:\|[^|]{1,80}\|\s)?([\w:-]{1,60})::)?(?:\s(.*))?$/.exec(lines.at(index));
  if (found === null) return undefined;
  const [, name, argument = ''] = found;
  const next = endOfIndented(lines, index + 1, indentOf(lines.at(index)));
  const body = Array.from({ length: next - index - 1 }, (_, offset) => lines.at(index + 1 + offset));
  const content = body.filter((line) => !/^\s*:[\w-]{1,40}:/.test(line));
  out.flush();
  if (name === undefined) {
    if (/^\[[^\]]{1,40}\]/.test(argument)) return writeFootnote(out, argument, index);
    return next;
  }
  if (codeDirectives.test(name)) out.code(content);
  else if (/^(?:image|figure)$/.test(name)) writeProse(out, content);
  else if (
    /^(?:toctree|include|contents|meta|raw|index|only|currentmodule|module|autoclass|automodule|autofunction)$/.test(
      name,
    )
  )
    return next;
  else {
    if (argument.trim() !== '') out.line('paragraph', toPlain(argument.trim()));
    return index + 1;
  }
  return next;
};

/** A footnote's text is text. */
function writeFootnote(out: Parameters<MarkupReader>[0]['out'], text: string, index: number): number {
  out.line('paragraph', toPlain(text));
  return index + 1;
}

function writeProse(out: Parameters<MarkupReader>[0]['out'], lines: readonly string[]): void {
  for (const line of lines) {
    if (line.trim() === '') out.flush();
    else out.line('paragraph', toPlain(line.trim()));
  }
}

/** `::` at the end of a paragraph announces an indented block of code. */
const readLiteral: MarkupReader = ({ lines, out }, index) => {
  const line = lines.at(index);
  if (!line.endsWith('::') || !lines.isBlank(index + 1)) return undefined;
  const next = endOfIndented(lines, index + 1, indentOf(line));
  const shown = line.slice(0, -1).replace(/\s?:$/, ':').trim();
  if (shown !== ':' && shown !== '') out.line('paragraph', toPlain(shown));
  out.code(Array.from({ length: next - index - 1 }, (_, offset) => lines.at(index + 1 + offset)));
  return next;
};

const readGridTable: MarkupReader = ({ lines, out }, index) => {
  if (!/^\s*\+(?:[-=]+\+)+$/.test(lines.at(index).slice(0, 2_000))) return undefined;
  const rows: string[][] = [];
  let cells: string[] = [];
  let next = index + 1;
  for (; /^\s*[+|]/.test(lines.at(next)); next += 1) {
    const line = lines.at(next).trim();
    if (line.startsWith('+')) {
      if (cells.length > 0) rows.push(cells);
      cells = [];
      continue;
    }
    const parts = line.slice(1, -1).split('|');
    cells = parts.map((part, column) => `${cells[column] ?? ''} ${toPlain(part.trim())}`.trim());
  }
  out.flush();
  for (const line of rows.length > 0 ? toMarkdownTable(rows).split('\n') : []) out.line('table', line);
  out.flush();
  return next;
};

/** Columns under rules of `=`, cut where the rules have their gaps. */
const readSimpleTable: MarkupReader = ({ lines, out }, index) => {
  if (!/^\s*=+(?:\s+=+)+$/.test(lines.at(index).slice(0, 2_000))) return undefined;
  const starts = [...lines.at(index).matchAll(/=+/g)].map((match) => match.index);
  const end = endOfSimpleTable(lines, index);
  const rows = Array.from({ length: end - index - 1 }, (_, offset) => lines.at(index + 1 + offset))
    .filter((line) => line !== '' && !isTableRule(line))
    .map((line) => starts.map((start, column) => toPlain(line.slice(start, starts[column + 1]).trim())));
  out.flush();
  for (const line of rows.length > 0 ? toMarkdownTable(rows).split('\n') : []) out.line('table', line);
  out.flush();
  return Math.min(end + 1, lines.length);
};

const isTableRule = (line: string): boolean => /^[\s=-]+$/.test(line);

/** The last rule of the table: the one that an empty line or the end of the file follows. */
function endOfSimpleTable(lines: MarkupLines, index: number): number {
  for (let next = index + 1; next < lines.length; next += 1) {
    if (lines.at(next).includes('=') && isTableRule(lines.at(next)) && lines.isBlank(next + 1)) return next;
  }
  return lines.length;
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

function endOfIndented(lines: MarkupLines, from: number, indent: number): number {
  let next = from;
  let last = from;
  for (; next < lines.length; next += 1) {
    if (lines.isBlank(next)) continue;
    if (indentOf(lines.at(next)) <= indent) break;
    last = next + 1;
  }
  return last;
}

/** ``code``, :role:`text`, `link <target>`_ and |substitutions| without their marks. */
function toPlain(line: string): string {
  return line
    .replaceAll(/``([^`]{1,500})``/g, '`$1`')
    .replaceAll(/:[\w:.-]{1,60}:`([^`<]{1,500}?)\s?(?:<[^<>`]{1,500}>)?`/g, '$1')
    .replaceAll(/`([^`<]{1,500}?)\s?<[^<>`]{1,500}>`__?/g, '$1')
    .replaceAll(/`([^`]{1,500})`__?/g, '$1');
}
