import type { SearchHit } from '#platform/search/ports.ts';

/** What the legs found, best first; undefined is a leg that did not answer. */
export type Rankings = { keyword: SearchHit[] | undefined; vector: SearchHit[] | undefined };

export type FusionOptions = {
  /** How many hits each leg was asked for. A leg that gave fewer has no more. */
  depth: number;
  /** Share of the cosine, 0 to 1. */
  vectorWeight: number;
  /** Share of the query's terms that the best keyword hits hold together, weighted by rarity, 0 to 1. */
  coverage: number;
};

/**
 * One ranking out of two: `(1 − w) · coverage · keyword + w · cosine`, in [0, 1], best first, ties by id. The keyword
 * score runs from 0 at the end of a full list to 1 at its best hit; an entry missing from the vector leg counts as
 * similar as its last one. Coverage takes weight from the keyword leg where it found few of the query's words, which is
 * where meaning has more to say. Scores instead of ranks, because equal-weight rank fusion loses to its better leg.
 */
export function fuseRankings(rankings: Rankings, { depth, vectorWeight, coverage }: FusionOptions): SearchHit[] {
  const keyword = rankings.keyword ?? [];
  const vector = rankings.vector ?? [];
  const share = vectorShare(rankings, vectorWeight);
  const best = keyword[0]?.score ?? 0;
  const worst = keyword.length < depth ? 0 : (keyword.at(-1)?.score ?? 0);
  // All hits of a full list can be equal; then each of them is the best.
  const range = best - worst;
  const unseenCosine = vector.length < depth ? 0 : toSimilarity(vector.at(-1)?.score ?? 0);

  const scores = new Map<string, number>();
  for (const { id, score } of vector) scores.set(id, share * toSimilarity(score));
  for (const { id, score } of keyword) {
    const normalised = range > 0 ? (score - worst) / range : 1;
    scores.set(id, (scores.get(id) ?? share * unseenCosine) + (1 - share) * coverage * normalised);
  }
  return [...scores]
    .map(([id, score]) => ({ id, score: Math.min(1, score) }))
    .sort((hit, other) => other.score - hit.score || (hit.id < other.id ? -1 : 1));
}

/** A missing leg leaves the whole score to the other. */
function vectorShare({ keyword, vector }: Rankings, vectorWeight: number): number {
  if (vector === undefined) return 0;
  return keyword === undefined ? 1 : vectorWeight;
}

/** Opposite directions are no more alike than perpendicular ones. */
function toSimilarity(cosine: number): number {
  return Math.max(0, Math.min(1, cosine));
}
