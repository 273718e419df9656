/** The slope of noisy points: the median of the slopes of all pairs, which a few outliers do not move. */
export type Point = { x: number; y: number };

/** NaN with fewer than two points of different `x`. */
export function theilSenSlope(points: readonly Point[]): number {
  const slopes = points.flatMap((left, index) =>
    points.slice(index + 1).flatMap((right) => (right.x === left.x ? [] : [(right.y - left.y) / (right.x - left.x)])),
  );
  const sorted = slopes.sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return (lower + upper) / 2;
}
