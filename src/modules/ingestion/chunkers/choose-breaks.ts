/**
 * Where a run of pieces is cut: near equal lengths, and rather between two blocks than inside one. Words that change
 * (TextTiling) are deliberately not looked at.
 */
import type { PlacedPiece } from './chunk-builder.ts';

/** How far from equal length, as a share of it, the end of a block may lie and still be better than the middle of one. */
const reachOfBlock = 1;
/** No chunk is made shorter than this share of the equal length to end with a block. */
const leastShare = 0.5;

export type BreakLimits = {
  /** Already in the open chunk, before the first piece. */
  openTokens: number;
  maxTokens: number;
};

/** Indexes of the pieces that begin a chunk. None where all fits into one. Linear in the number of pieces. */
export function chooseBreaks(pieces: readonly PlacedPiece[], { openTokens, maxTokens }: BreakLimits): Set<number> {
  const breaks = new Set<number>();
  let left = pieces.reduce((sum, { tokens }) => sum + tokens, openTokens);
  let from = 0;
  let before = openTokens;
  while (left > maxTokens) {
    const goal = left / Math.ceil(left / maxTokens);
    const cut = chooseBreak(pieces, { from, before, goal, maxTokens });
    if (cut === undefined) break;
    breaks.add(cut.at);
    left -= cut.tokens;
    from = cut.at;
    before = 0;
  }
  return breaks;
}

type Window = { from: number; before: number; goal: number; maxTokens: number };

function chooseBreak(pieces: readonly PlacedPiece[], { from, before, goal, maxTokens }: Window) {
  let best: { at: number; tokens: number; distance: number } | undefined;
  let tokens = before;
  for (let at = from + 1; at < pieces.length; at += 1) {
    const [last, next] = [pieces[at - 1], pieces[at]];
    if (last === undefined || next === undefined) break;
    tokens += last.tokens;
    if (tokens > maxTokens) break;
    if (last.isHeading || tokens < goal * leastShare) continue;
    const distance = Math.abs(tokens - goal) / goal - (last.block === next.block ? 0 : reachOfBlock);
    if (best === undefined || distance < best.distance) best = { at, tokens, distance };
  }
  return best;
}
