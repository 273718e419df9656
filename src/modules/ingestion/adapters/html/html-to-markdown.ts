/** Walks an HTML tree once and writes its readable content as Markdown-like blocks. */

import type { TextBuilder } from '../../parsing/text-builder.ts';
import type { BlockKind } from '../../ports.ts';
import { attributeOf, type HtmlNode, walk } from './html-tree.ts';

type Table = { rows: string[][]; row: string[] | undefined; depth: number };

type Writing = {
  out: TextBuilder;
  /** Text of the block that is being read. */
  inline: string[];
  /** One entry a list that is open; the number that its next item gets, 0 in a bulleted list. */
  lists: number[];
  listLines: string[];
  quotes: number;
  preformatted: number;
  table: Table | undefined;
};

const unseen = new Set(
  'script style noscript template svg iframe object canvas audio video head select button math'.split(' '),
);
const furniture = new Set('nav footer aside'.split(' '));
const furnitureRoles = new Set('navigation contentinfo search complementary banner'.split(' '));
const blockNames = new Set(
  'address article aside blockquote body center details dd div dl dt fieldset figcaption figure footer form header hgroup hr html legend main nav p section summary table tbody thead tfoot tr td th ul ol li pre h1 h2 h3 h4 h5 h6 caption'.split(
    ' ',
  ),
);
/** A table with a cell longer than this arranges a page; it holds no data. */
const longestCell = 1_000;
const deepestListIndent = 8;

export function writeHtmlAsMarkdown(
  root: HtmlNode,
  out: TextBuilder,
  { keepFurniture }: { keepFurniture: boolean },
): void {
  const writing: Writing = { out, inline: [], lists: [], listLines: [], quotes: 0, preformatted: 0, table: undefined };
  walk(root, {
    enter(node) {
      if (node.nodeName === '#text') {
        writing.inline.push(writing.preformatted > 0 ? (node.value ?? '') : (node.value ?? '').replaceAll(/\s+/g, ' '));
        return false;
      }
      if (isUnseen(node) || (!keepFurniture && node !== root && isFurniture(node))) return false;
      if (blockNames.has(node.nodeName)) flush(writing);
      opening[node.nodeName]?.(writing, node);
      return true;
    },
    leave(node) {
      if (/^h[1-6]$/.test(node.nodeName)) flushHeading(writing, Number(node.nodeName[1]));
      else if (blockNames.has(node.nodeName) && node.nodeName !== 'pre') flush(writing);
      closing[node.nodeName]?.(writing);
    },
  });
  flush(writing);
  flushList(writing);
}

const opening: Record<string, (writing: Writing, node: HtmlNode) => void> = {
  br: (writing) => writing.inline.push('\n'),
  ul: (writing) => writing.lists.push(0),
  ol: (writing, node) => writing.lists.push(Number.parseInt(attributeOf(node, 'start') ?? '1', 10) || 1),
  li: (writing) => writing.listLines.push(''),
  blockquote: (writing) => {
    writing.quotes += 1;
  },
  pre: (writing) => {
    writing.preformatted += 1;
  },
  table: (writing) => {
    if (writing.table === undefined) writing.table = { rows: [], row: undefined, depth: 1 };
    else writing.table.depth += 1;
  },
  tr: ({ table }) => {
    if (table?.depth === 1) table.row = [];
  },
  td: (writing) => openCell(writing),
  th: (writing) => openCell(writing),
};

const closing: Record<string, (writing: Writing) => void> = {
  ul: (writing) => closeList(writing),
  ol: (writing) => closeList(writing),
  blockquote: (writing) => {
    writing.quotes -= 1;
  },
  pre: (writing) => {
    flushCode(writing);
    writing.preformatted -= 1;
  },
  tr: ({ table }) => {
    if (table?.depth !== 1 || table.row === undefined) return;
    if (table.row.some((cell) => cell !== '')) table.rows.push(table.row);
    table.row = undefined;
  },
  table: (writing) => closeTable(writing),
};

function isUnseen(node: HtmlNode): boolean {
  if (unseen.has(node.nodeName) || node.nodeName === '#comment' || node.nodeName === '#documentType') return true;
  if (node.attrs === undefined || node.attrs.length === 0) return false;
  const style = attributeOf(node, 'style');
  return (
    attributeOf(node, 'hidden') !== undefined ||
    attributeOf(node, 'aria-hidden') === 'true' ||
    (style !== undefined && /(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style))
  );
}

function isFurniture(node: HtmlNode): boolean {
  return furniture.has(node.nodeName) || furnitureRoles.has(attributeOf(node, 'role') ?? '');
}

function takeInline(writing: Writing): string {
  const text = writing.inline.join('');
  writing.inline = [];
  return text;
}

const toLines = (text: string): string =>
  text
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .trim();

const toOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Puts what was read where it belongs: a cell, a list item, a quote or a paragraph. */
function flush(writing: Writing): void {
  if (writing.preformatted > 0) return;
  const text = toLines(takeInline(writing));
  if (text === '') return;
  if (writing.table?.row !== undefined) appendToCell(writing.table.row, withMarker(writing, text));
  else if (writing.lists.length > 0) writeListLine(writing, text);
  else if (writing.quotes > 0) writing.out.add('quote', text.replaceAll(/^/gm, '> '));
  else writing.out.add('paragraph', text);
}

function flushHeading(writing: Writing, level: number): void {
  if (writing.table !== undefined || writing.lists.length > 0) {
    flush(writing);
    return;
  }
  const title = toOneLine(takeInline(writing));
  if (title !== '') writing.out.add('heading', `${'#'.repeat(level)} ${title}`, { level });
}

function flushCode(writing: Writing): void {
  if (writing.preformatted > 1) return;
  const code = takeInline(writing).replaceAll(/\r\n?/g, '\n').replace(/^\n/, '').trimEnd();
  if (code.trim() === '') return;
  if (writing.table?.row !== undefined) {
    appendToCell(writing.table.row, code);
    return;
  }
  flushList(writing);
  const longest = code.match(/`{3,}/g)?.reduce((most, run) => Math.max(most, run.length), 2) ?? 2;
  const fence = '`'.repeat(longest + 1);
  writing.out.add('code', `${fence}\n${code}\n${fence}`);
}

/** The first text of an item gets the marker, further ones are indented below it. */
function writeListLine(writing: Writing, text: string): void {
  const depth = Math.min(writing.lists.length, deepestListIndent) - 1;
  const indent = '  '.repeat(depth);
  const isNew = writing.listLines.at(-1) === '';
  if (isNew) writing.listLines.pop();
  const marker = isNew ? nextMarker(writing.lists) : '  ';
  writing.listLines.push(`${indent}${marker}${toOneLine(text)}`);
}

/** In a cell an item is marked in its line; the cell stays one line. */
function withMarker(writing: Writing, text: string): string {
  if (writing.lists.length === 0 || writing.listLines.at(-1) !== '') return text;
  writing.listLines.pop();
  return `${nextMarker(writing.lists)}${text}`;
}

function nextMarker(lists: number[]): string {
  const number = lists.at(-1) ?? 0;
  if (number === 0) return '- ';
  lists[lists.length - 1] = number + 1;
  return `${number}. `;
}

function closeList(writing: Writing): void {
  writing.lists.pop();
  if (writing.lists.length === 0) flushList(writing);
}

function flushList(writing: Writing): void {
  const lines = writing.listLines.filter((line) => line !== '');
  writing.listLines = [];
  if (lines.length > 0) writing.out.add('list', lines.join('\n'));
}

function openCell({ table }: Writing): void {
  if (table?.depth === 1) table.row?.push('');
}

function appendToCell(row: string[], text: string): void {
  const last = Math.max(0, row.length - 1);
  const before = row[last] ?? '';
  row[last] = before === '' ? text : `${before}\n${text}`;
}

function closeTable(writing: Writing): void {
  const { table } = writing;
  if (table === undefined) return;
  table.depth -= 1;
  if (table.depth > 0) return;
  writing.table = undefined;
  flushList(writing);
  const width = table.rows.reduce((most, row) => Math.max(most, row.length), 0);
  const used = Array.from({ length: width }, (_, column) => column).filter((column) =>
    table.rows.some((row) => row[column]),
  );
  if (used.length <= 1 || table.rows.some((row) => row.some((cell) => cell.length > longestCell))) {
    const kind: BlockKind = writing.quotes > 0 ? 'quote' : 'paragraph';
    for (const cell of table.rows.flat()) writing.out.add(kind, cell);
    return;
  }
  writing.out.add('table', toMarkdownTable(table.rows, used));
}

function toMarkdownTable(rows: string[][], used: number[]): string {
  const toRow = (row: string[]): string =>
    `| ${used.map((column) => toOneLine(row[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [toRow(head), `|${' --- |'.repeat(used.length)}`, ...body.map(toRow)].join('\n');
}
