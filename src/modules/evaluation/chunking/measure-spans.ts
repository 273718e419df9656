/** How much of what was asked for is in what was found, in characters. All pure. */
import type { Span } from './ports.ts';

export type SpanScores = {
  /** Share of the reference that was found. */
  recall: number;
  /** Share of what was found that is reference; text found twice counts twice. */
  precision: number;
  /** Intersection over union; text found twice counts twice in the union. */
  iou: number;
};

export const spanScoreNames = ['recall', 'precision', 'iou'] as const satisfies (keyof SpanScores)[];

/** As the chunking evaluation of Chroma defines them. `foreign` characters were found in other documents. */
export function measureSpans(references: readonly Span[], found: readonly Span[], foreign = 0): SpanScores {
  const wanted = joinSpans(references);
  const covered = joinSpans(found);
  const hit = overlapOf(wanted, covered);
  const read = lengthOf(found) + foreign;
  const asked = lengthOf(wanted);
  return {
    recall: asked === 0 ? 0 : hit / asked,
    precision: read === 0 ? 0 : hit / read,
    iou: asked + read === 0 ? 0 : hit / (asked - hit + read),
  };
}

/** In order and apart from each other. */
function joinSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const { start, end } of spans.toSorted((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

function overlapOf(one: readonly Span[], other: readonly Span[]): number {
  let sum = 0;
  for (const { start, end } of one)
    for (const { start: from, end: to } of other) sum += Math.max(0, Math.min(end, to) - Math.max(start, from));
  return sum;
}

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, { start, end }) => sum + end - start, 0);
