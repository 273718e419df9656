/** Puts canonical text together block by block, so that every offset is right by construction. */

import type { Block, BlockKind } from '../ports.ts';
import { toCanonicalText, withoutMark } from './canonical-text.ts';

export type TextBuilder = {
  /** Adds a block after an empty line. Blank text adds nothing. */
  add(kind: BlockKind, text: string, marks?: { level?: number; page?: number }): void;
  readonly length: number;
  build(): { text: string; blocks: Block[] };
};

const gap = '\n\n';

export function createTextBuilder(): TextBuilder {
  const parts: string[] = [];
  const blocks: Block[] = [];
  let length = 0;
  const append = (text: string): void => {
    parts.push(text);
    length += text.length;
  };
  return {
    add(kind, source, marks = {}) {
      const text = withoutMark(toCanonicalText(source).replace(/^(?:[^\S\n]*\n)+/, '')).trimEnd();
      if (text.trim() === '') return;
      if (length > 0) append(gap);
      blocks.push({ kind, start: length, end: length + text.length, ...marks });
      append(text);
    },
    get length() {
      return length;
    },
    build() {
      return { text: parts.join(''), blocks };
    },
  };
}
