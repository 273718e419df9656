/** Where source code may be cut: before definitions that start at the left margin. Knows no grammar, reads each line once. */
import type { Block } from '../../ports.ts';

const definitionWords =
  'abstract async class const contract create def defmodule defp do enum export extension fn fun func function ' +
  'global impl instance interface internal let local macro message mod module namespace object open override package ' +
  'private proc procedure protected protocol pub public record rpc rule sealed service static struct sub template ' +
  'trait type typedef union unsafe var virtual';
const definitionStart = new RegExp(`^(?:${definitionWords.split(' ').join('|')})\\b`, 'i');
/** `int main(`, `fn_name() {`, `[section]`, `.selector {`, `target:` */
const otherStart =
  /^(?:\w[\w:<>*&,.~]{0,80}\s{1,4}[\w:*&~]{1,80}\s{0,4}\(|[\w-]{1,80}\s{0,2}\(\)\s{0,4}\{|\[[^\]]{1,80}\]\s*$|[.#@:\w][^;={}]{0,120}\{\s*$)/;
/** What belongs to the definition below it: comments, decorators, attributes. */
const preamble = /^(?:\/\/|\/\*|\*\/| \*|#(?!\w*\s*define\b)|--|;;|%%|@|"""|'''|\[\w+[(\],](?!\s*$)|#\[)/;
const longestHead = 240;

export function toCodeBlocks(text: string): Block[] {
  const starts = [...findStarts(text)];
  const blocks: Block[] = [];
  starts.forEach((start, index) => {
    const end = trimmedEnd(text, start, starts[index + 1] ?? text.length);
    if (end > start) blocks.push({ kind: 'code', start, end });
  });
  return blocks;
}

/** Where blocks begin: the first line with something on it, and each definition or the comment directly above it. */
function* findStarts(text: string): Generator<number> {
  let last = -1;
  /** Start of the comment or decorators directly above, -1 when there are none. */
  let above = -1;
  for (const { lineStart, lineEnd } of linesOf(text)) {
    const head = text.slice(lineStart, Math.min(lineEnd, lineStart + longestHead));
    const isPreamble = preamble.test(head);
    if (isPreamble && above < 0) above = lineStart;
    const start = above >= 0 ? above : lineStart;
    const isStart = last < 0 ? head.trim() !== '' : !isPreamble && start > last && isDefinition(head);
    if (isStart) {
      last = start;
      yield start;
    }
    if (!isPreamble) above = -1;
  }
}

function isDefinition(head: string): boolean {
  return definitionStart.test(head) || otherStart.test(head);
}

function trimmedEnd(text: string, start: number, from: number): number {
  let end = from;
  while (end > start && /\s/.test(text.charAt(end - 1))) end -= 1;
  return end;
}

function* linesOf(text: string): Generator<{ lineStart: number; lineEnd: number }> {
  for (let lineStart = 0; lineStart < text.length; ) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline < 0 ? text.length : newline;
    yield { lineStart, lineEnd };
    lineStart = lineEnd + 1;
  }
}
