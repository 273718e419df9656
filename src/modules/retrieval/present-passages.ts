import type { Passage } from '#modules/corpus/index.ts';
import type { SearchHit, SearchIndex } from '#platform/search/ports.ts';
import { estimateConfidence, evidencePassages } from './estimate-confidence.ts';
import type { RankedIndex } from './rank-index.ts';

/** A passage with why it was found. */
export type FoundPassage = Passage & {
  /** Fused score, 0 to 1, larger is better. */
  score: number;
  /** Rank from 1 and raw score in each leg that found it; ranks are those inside its collection. */
  legs: Record<string, { rank: number; score: number }>;
};

/** A ranked index with the index itself. */
export type RankedCollection = { index: SearchIndex; ranked: RankedIndex };

/** A hit of the merged ranking and the collection that it is from. */
export type Candidate = SearchHit & { collection: RankedCollection };

/** The best `limit` hits of all collections, best first, ties by id. */
export function mergeCollections(collections: readonly RankedCollection[], limit: number): Candidate[] {
  return collections
    .flatMap((collection) => collection.ranked.fused.slice(0, limit).map((hit) => ({ ...hit, collection })))
    .sort((hit, other) => other.score - hit.score || (hit.id < other.id ? -1 : 1))
    .slice(0, limit);
}

/** Joins candidates with their texts, in the candidates' order; a candidate whose text is gone is dropped. */
export function presentPassages(candidates: readonly Candidate[], passages: readonly Passage[]): FoundPassage[] {
  const textOfId = new Map(passages.map((passage) => [passage.chunkId, passage]));
  return candidates.flatMap(({ id, score, collection }) => {
    const passage = textOfId.get(id);
    return passage === undefined ? [] : [{ ...passage, score, legs: legsOf(id, collection.ranked) }];
  });
}

function legsOf(id: string, { keyword, vector }: RankedIndex): FoundPassage['legs'] {
  const legs: FoundPassage['legs'] = {};
  for (const [leg, hits] of Object.entries({ keyword, vector })) {
    const at = hits?.findIndex((hit) => hit.id === id) ?? -1;
    const hit = hits?.[at];
    if (hit !== undefined) legs[leg] = { rank: at + 1, score: hit.score };
  }
  return legs;
}

/** Confidence in the collection whose passages speak best for the query; 0 when nothing was found. */
export function confidenceIn(
  candidates: readonly Candidate[],
  { query, isCosineKnown }: { query: string; isCosineKnown: boolean },
): number {
  const byCollection = Map.groupBy(candidates.slice(0, evidencePassages), ({ collection }) => collection);
  let best = 0;
  for (const [{ index, ranked }, hits] of byCollection) {
    const ids = hits.map(({ id }) => id);
    const cosines = (ranked.vector ?? []).filter(({ id }) => ids.includes(id)).map(({ score }) => score);
    const confidence = estimateConfidence({
      coverage: index.coverage(query, ids),
      bestCoverage: Math.max(...ids.map((id) => index.coverage(query, [id]))),
      cosine: isCosineKnown && ranked.vector !== undefined ? Math.max(0, ...cosines) : undefined,
    });
    best = Math.max(best, confidence);
  }
  return best;
}
