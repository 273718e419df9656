/** The part of a document that is on the screen. Pure arithmetic on offsets, which are UTF-16 code units. */
import type { DocumentText } from '#modules/corpus/contract.ts';

export type Highlight = { start: number; end: number };

export type TextWindow = { title: string; text: string; start: number; end: number; characters: number };

/** What is read around a passage at first, and by each "show more". The server gives at most 200,000 a call. */
const before = 6_000;
const after = 12_000;
const step = 40_000;

export function firstRange(highlight: Highlight | undefined): { start: number; end: number } {
  if (highlight === undefined) return { start: 0, end: step };
  const start = Math.max(0, highlight.start - before);
  return { start, end: Math.min(Math.max(highlight.start, highlight.end) + after, start + 200_000) };
}

export function rangeBefore(window: TextWindow): { start: number; end: number } {
  return { start: Math.max(0, window.start - step), end: window.start };
}

export function rangeAfter(window: TextWindow): { start: number; end: number } {
  return { start: window.end, end: Math.min(window.characters, window.end + step) };
}

export function openWindow({ title, text, start, end, characters }: DocumentText): TextWindow {
  return { title, text, start, end, characters };
}

/** Undefined when the piece does not touch the window: the document changed between two reads. */
export function joinWindow(window: TextWindow, piece: DocumentText): TextWindow | undefined {
  if (piece.characters !== window.characters) return undefined;
  if (piece.end === window.start) return { ...window, text: piece.text + window.text, start: piece.start };
  if (piece.start === window.end) return { ...window, text: window.text + piece.text, end: piece.end };
  return undefined;
}

/** The window's text before, in and after the highlighted passage. */
export function splitAt({ text, start }: TextWindow, highlight: Highlight | undefined): [string, string, string] {
  if (highlight === undefined) return [text, '', ''];
  const clamp = (offset: number) => Math.min(Math.max(offset - start, 0), text.length);
  const from = clamp(highlight.start);
  const to = Math.max(from, clamp(highlight.end));
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}
