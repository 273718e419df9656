import type { SearchHit, SearchIndex } from '#platform/search/ports.ts';
import { evidencePassages } from './estimate-confidence.ts';
import { fuseRankings, type Rankings } from './fuse-rankings.ts';

/** One index's answer to a query: each leg's, and both in one. */
export type RankedIndex = Rankings & { fused: SearchHit[] };

export type RankOptions = { query: string; depth: number; vectorWeight: number };

/** Fuses what the legs found in one index. Pure but for reading the index. */
export function rankIndex(index: SearchIndex, rankings: Rankings, options: RankOptions): RankedIndex {
  const { query, depth, vectorWeight } = options;
  const best = (rankings.keyword ?? []).slice(0, evidencePassages).map(({ id }) => id);
  const coverage = index.coverage(query, best);
  return { ...rankings, fused: fuseRankings(rankings, { depth, vectorWeight, coverage }) };
}
