/** What is known about the best passages without reading them. */
export type Evidence = {
  /** Share of the question's terms, weighted by rarity, that the best passages hold together, 0 to 1. */
  coverage: number;
  /** The largest share that a single one of them holds, 0 to 1. */
  bestCoverage: number;
  /** Largest cosine between question and passage; undefined when it is not known or its scale is not. */
  cosine: number | undefined;
};

/** Passages that speak for a question; an answer rarely needs more. */
export const evidencePassages = 3;

/**
 * Logistic weights, fitted to tell questions whose passage was found from questions of other collections, on six public
 * sets with each in turn held out; rounded. They separate the two with an area under the curve of 0.90 to 1.00, and
 * questions whose own passage was taken away with 0.59 to 0.91: what is missing from a good neighbour cannot be seen
 * without reading it.
 */
const weights = { intercept: -8, coverage: 1.5, bestCoverage: 4.5, cosine: 9 };
/** Stands in for an unknown cosine: between what matching and foreign questions have. */
const undecidedCosine = 0.5;

/** How likely the passages answer the question, 0 to 1: near 1 likely, near 0.5 undecided, below 0.2 better declined. */
export function estimateConfidence({ coverage, bestCoverage, cosine = undecidedCosine }: Evidence): number {
  const sum =
    weights.intercept +
    weights.coverage * coverage +
    weights.bestCoverage * bestCoverage +
    weights.cosine * Math.max(0, cosine);
  return 1 / (1 + Math.exp(-sum));
}
