/** The order in which people read boxes on a slide: bands from top to bottom, inside of them columns from left to right. */

export type Box = { left: number; top: number; right: number; bottom: number };

const deepestCut = 40;

export function toReadingOrder<T extends Box>(boxes: readonly T[], depth = 0): T[] {
  if (boxes.length <= 1 || depth > deepestCut) return [...boxes];
  const bands = cut(boxes, ({ top, bottom }) => [top, bottom]);
  if (bands.length > 1) return bands.flatMap((band) => toReadingOrder(band, depth + 1));
  const columns = cut(boxes, ({ left, right }) => [left, right]);
  if (columns.length > 1) return columns.flatMap((column) => toReadingOrder(column, depth + 1));
  return boxes.toSorted((a, b) => a.top - b.top || a.left - b.left);
}

/** Boxes may stick out into each other by this part of the smaller one and still be apart. */
const tolerance = 0.15;

function cut<T extends Box>(boxes: readonly T[], rangeOf: (box: T) => [number, number]): T[][] {
  const sorted = boxes.toSorted((a, b) => rangeOf(a)[0] - rangeOf(b)[0]);
  const groups: T[][] = [];
  let reached = Number.NEGATIVE_INFINITY;
  for (const box of sorted) {
    const [start, end] = rangeOf(box);
    const group = groups.at(-1);
    if (group === undefined || start >= reached - (end - start) * tolerance) groups.push([box]);
    else group.push(box);
    reached = Math.max(reached, end);
  }
  return groups;
}
