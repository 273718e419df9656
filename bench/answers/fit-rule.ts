/** Logistic regression by gradient descent: few weights, few rows, no library. */

export type FitRow = { features: readonly number[]; label: boolean /** How much the row counts. */; weight: number };

export type FittedRule = { bias: number; weights: number[] };

const steps = 4_000;
const rate = 4;
/** Holds weights back that few rows speak for. */
const ridge = 1e-4;

export function fitRule(rows: readonly FitRow[]): FittedRule {
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  let rule: FittedRule = { bias: 0, weights: (rows[0]?.features ?? []).map(() => 0) };
  for (let step = 0; step < steps; step += 1) rule = takeStep(rule, rows, total);
  return rule;
}

function takeStep(rule: FittedRule, rows: readonly FitRow[], total: number): FittedRule {
  const slope = rule.weights.map((weight) => ridge * weight);
  let biasSlope = 0;
  for (const { features, label, weight } of rows) {
    const error = (probability(rule, features) - (label ? 1 : 0)) * (weight / total);
    biasSlope += error;
    for (const [at, feature] of features.entries()) slope[at] = (slope[at] ?? 0) + error * feature;
  }
  return {
    bias: rule.bias - rate * biasSlope,
    weights: rule.weights.map((weight, at) => weight - rate * (slope[at] ?? 0)),
  };
}

export function probability({ bias, weights }: FittedRule, features: readonly number[]): number {
  const sum = weights.reduce((total, weight, at) => total + weight * (features[at] ?? 0), bias);
  return 1 / (1 + Math.exp(-sum));
}

/** Area under the ROC curve: the chance that a positive scores above a negative. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  let wins = 0;
  for (const positive of positives) {
    for (const negative of negatives) {
      if (positive > negative) wins += 1;
      else if (positive === negative) wins += 0.5;
    }
  }
  return positives.length === 0 || negatives.length === 0 ? Number.NaN : wins / (positives.length * negatives.length);
}
