/** How good one ranking is, given what was judged. Each measure is in [0, 1], larger is better. */

/** Grades of the judged entries of one query; 0 or less is not relevant, entries without a grade are not either. */
export type Grades = ReadonlyMap<string, number>;

export const measures = {
  /** Normalised discounted cumulative gain of the first 10, gains linear in the grade, as trec_eval has it. */
  'nDCG@10': (ids: readonly string[], grades: Grades): number => {
    const ideal = discountedGain([...grades.values()].sort((grade, other) => other - grade));
    return ideal === 0 ? 0 : discountedGain(ids.map((id) => grades.get(id) ?? 0)) / ideal;
  },
  /** Share of the relevant entries that are among the first 100. */
  'recall@100': (ids: readonly string[], grades: Grades): number => {
    const relevant = [...grades.values()].filter((grade) => grade > 0).length;
    const found = ids.slice(0, 100).filter((id) => (grades.get(id) ?? 0) > 0).length;
    return relevant === 0 ? 0 : found / relevant;
  },
  /** One divided by the rank of the first relevant entry among the first 10, 0 when there is none. */
  'MRR@10': (ids: readonly string[], grades: Grades): number => {
    const at = ids.slice(0, 10).findIndex((id) => (grades.get(id) ?? 0) > 0);
    return at === -1 ? 0 : 1 / (at + 1);
  },
} as const;

export type MeasureName = keyof typeof measures;
export const measureNames = Object.keys(measures) as MeasureName[];

function discountedGain(grades: readonly number[]): number {
  return grades.slice(0, 10).reduce((sum, grade, index) => sum + Math.max(0, grade) / Math.log2(index + 2), 0);
}
