/** What the readers of line-oriented markup (RST, Org, AsciiDoc) share: lines with a place, and a collector of blocks. */

import type { TextBuilder } from '../../parsing/text-builder.ts';
import type { BlockKind } from '../../ports.ts';

export type MarkupLines = { readonly length: number; at(index: number): string; isBlank(index: number): boolean };

export function toMarkupLines(text: string): MarkupLines {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return {
    length: lines.length,
    at: (index) => lines[index] ?? '',
    isBlank: (index) => (lines[index] ?? '') === '',
  };
}

export type BlockCollector = {
  /** Adds a line to the open block of this kind; another kind ends it. */
  line(kind: BlockKind, text: string): void;
  heading(level: number, title: string): void;
  code(lines: readonly string[]): void;
  flush(): void;
};

export function createBlockCollector(out: TextBuilder): BlockCollector {
  let open: { kind: BlockKind; lines: string[] } | undefined;
  const flush = (): void => {
    if (open !== undefined) out.add(open.kind, open.lines.join('\n'));
    open = undefined;
  };
  return {
    flush,
    line(kind, text) {
      if (open !== undefined && open.kind !== kind) flush();
      open ??= { kind, lines: [] };
      open.lines.push(text);
    },
    heading(level, title) {
      flush();
      out.add('heading', `${'#'.repeat(level)} ${title}`, { level });
    },
    code(lines) {
      flush();
      if (lines.some((line) => line.trim() !== '')) out.add('code', ['```', ...withoutIndent(lines), '```'].join('\n'));
    },
  };
}

function withoutIndent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const least = indents.reduce((smallest, indent) => Math.min(smallest, indent), 100);
  const shown = lines.map((line) => line.slice(least));
  while (shown.at(-1)?.trim() === '') shown.pop();
  while (shown[0]?.trim() === '') shown.shift();
  return shown;
}

const bullet = /^(\s{0,40})(?:[-*+•]|\d{1,4}[.)]|#\.|[a-zA-Z][.)])\s{1,8}(?=\S)/;

/** The same item as Markdown; undefined when the line begins none. */
export function toListItem(line: string): string | undefined {
  const found = bullet.exec(line);
  if (found === null) return undefined;
  const mark = found[0].trim();
  const depth = Math.min(8, Math.floor((found[1] ?? '').length / 2));
  return `${'  '.repeat(depth)}${/^\d/.test(mark) ? mark : '-'} ${line.slice(found[0].length)}`;
}
