/** Cuts blocks into the pieces that chunks are made of: sentences, lines, and parts of those that are too long. */
import { splitSentences } from '#platform/text/split-sentences.ts';
import type { Block } from '../ports.ts';

/** Never split further. Counted once. */
export type Piece = { start: number; end: number; tokens: number };

export type PieceLimits = {
  countTokens(text: string): number;
  /** Most tokens in a piece. */
  maxTokens: number;
};

/** Blocks are read in windows of this size, so that no step takes long however long a block is. */
const windowCharacters = 16_384;
/** Far above what a token of running text takes; longer pieces are cut before they are counted. */
const charactersPerToken = 8;

/** The pieces of one block in order, a window at a time; together they hold every visible character of it. */
export function* cutPieces(text: string, block: Block, limits: PieceLimits): Generator<Piece[]> {
  let start = block.start;
  while (start < block.end) {
    const end = Math.min(block.end, start + windowCharacters);
    const spans = toSpans(text.slice(start, end), block.kind);
    const last = spans.at(-1);
    const isCut = end < block.end && last !== undefined;
    // The last span may go on behind the window: it is read again, unless it fills the window alone.
    const whole = isCut && spans.length > 1 ? spans.slice(0, -1) : spans;
    let next = end;
    if (isCut && spans.length > 1) next = start + last.start;
    else if (isCut) next = cutPoint(text, start, end);
    const limit = next;
    yield whole.flatMap((span) => [
      ...cutSpan(text, { start: start + span.start, end: Math.min(limit, start + span.end) }, limits),
    ]);
    start = next;
  }
}

type Span = { start: number; end: number };

function toSpans(text: string, kind: Block['kind']): Span[] {
  return kind === 'code' || kind === 'table' ? toLineSpans(text) : splitSentences(text);
}

function toLineSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (/\S/.test(text.slice(start, end))) spans.push({ start, end });
    start = end + 1;
  }
  return spans;
}

function* cutSpan(text: string, span: Span, limits: PieceLimits): Generator<Piece> {
  const maxCharacters = limits.maxTokens * charactersPerToken;
  let { start } = span;
  while (start < span.end) {
    let end = span.end - start > maxCharacters ? cutPoint(text, start, start + maxCharacters) : span.end;
    let tokens = limits.countTokens(text.slice(start, end));
    while (tokens > limits.maxTokens && end - start > 1) {
      const share = Math.max(0.1, limits.maxTokens / tokens) * 0.95;
      end = cutPoint(text, start, start + Math.max(1, Math.floor((end - start) * share)));
      tokens = limits.countTokens(text.slice(start, end));
    }
    const piece = trim(text, start, end);
    if (piece !== undefined) yield { ...piece, tokens };
    start = end;
  }
}

function trim(text: string, from: number, to: number): Span | undefined {
  let start = from;
  let end = to;
  while (start < end && isSpace(text, start)) start += 1;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  return start < end ? { start, end } : undefined;
}

const isSpace = (text: string, at: number): boolean => /\s/.test(text.charAt(at));

const longestCluster = 32;
const joins = /^(?:\p{M}|\u200D|[\u{1F3FB}-\u{1F3FF}])/u;

/** A place at or before `at` (and after `start`) that splits no word if that can be, else no visible character. */
function cutPoint(text: string, start: number, at: number): number {
  const leastForWord = Math.max(start + 1, at - Math.floor((at - start) / 4));
  for (let end = at; end > leastForWord; end -= 1) if (isSpace(text, end - 1)) return end;
  const leastForCluster = Math.max(start + 1, at - longestCluster);
  for (let end = at; end > leastForCluster; end -= 1) if (!splitsCluster(text, end)) return end;
  return splitsSurrogates(text, at) ? at + 1 : at;
}

function splitsCluster(text: string, at: number): boolean {
  return splitsSurrogates(text, at) || joins.test(text.slice(at, at + 2)) || text.charAt(at - 1) === '\u200D';
}

function splitsSurrogates(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
