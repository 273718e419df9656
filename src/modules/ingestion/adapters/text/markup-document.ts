/** From the lines of a light markup to a document: each format says what a line is, this does the rest. */
import { AppError } from '#platform/errors.ts';
import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { ParsedDocument } from '../../ports.ts';
import {
  type BlockCollector,
  createBlockCollector,
  type MarkupLines,
  toListItem,
  toMarkupLines,
} from './markup-lines.ts';

export type MarkupScan = {
  lines: MarkupLines;
  out: BlockCollector;
  /** Set by the readers; the first one wins. */
  title: string | undefined;
  /** The line before belongs to a list: an indented one goes on with it. */
  isInList: boolean;
};

/** Reads what begins at the line and returns the line after it; undefined when it is none of the reader's. */
export type MarkupReader = (scan: MarkupScan, index: number) => number | undefined;

/** Throws DOCUMENT_WITHOUT_TEXT. What no reader takes is a list item or a line of a paragraph. */
export function readMarkup(
  bytes: Uint8Array,
  readers: readonly MarkupReader[],
  toPlain: (line: string) => string,
): ParsedDocument {
  const { text: decoded, warnings } = decodeText(bytes);
  const builder = createTextBuilder();
  const scan: MarkupScan = {
    lines: toMarkupLines(toCanonicalText(decoded)),
    out: createBlockCollector(builder),
    title: undefined,
    isInList: false,
  };
  for (let index = 0; index < scan.lines.length; ) index = readNext(scan, index, readers, toPlain);
  scan.out.flush();
  const { text, blocks } = builder.build();
  if (blocks.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds nothing but markup.');
  return { title: scan.title, text, blocks, warnings };
}

function readNext(
  scan: MarkupScan,
  index: number,
  readers: readonly MarkupReader[],
  toPlain: (line: string) => string,
): number {
  for (const read of readers) {
    const next = read(scan, index);
    if (next !== undefined) return Math.max(next, index + 1);
  }
  if (scan.lines.isBlank(index)) scan.out.flush();
  else {
    const line = scan.lines.at(index);
    const item = toListItem(line);
    const goesOn = item === undefined && /^\s/.test(line) && scan.isInList;
    if (item === undefined && !goesOn) scan.out.line('paragraph', toPlain(line.trimStart()));
    else scan.out.line('list', toPlain(item ?? line));
    scan.isInList = item !== undefined || goesOn;
  }
  return index + 1;
}
