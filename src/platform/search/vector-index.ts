import { grown } from './postings.ts';
import { createTopHits } from './top-hits.ts';

/** Exact search by cosine over numbered slots: one array of numbers, read from end to end. */
export type VectorIndex = {
  /** The slot must be empty. A zero vector is not kept: it is like nothing. */
  add(slot: number, vector: Float32Array): void;
  remove(slot: number): void;
  search(query: Float32Array, limit: number): { slot: number; score: number }[];
};

/** Creates an empty index; `isBefore` goes before at equal score. */
export function createVectorIndex(dimensions: number, isBefore: (slot: number, other: number) => boolean): VectorIndex {
  let matrix: Float32Array<ArrayBuffer> = new Float32Array(64 * dimensions);
  /** Rows are dense: the last one moves into the gap of a removed one. */
  const slots: number[] = [];
  const rowOfSlot = new Map<number, number>();

  return {
    add(slot, vector) {
      const unit = toUnitLength(vector);
      if (unit === undefined) return;
      const row = slots.length;
      if ((row + 1) * dimensions > matrix.length) matrix = grown(matrix, (row + 1) * dimensions);
      matrix.set(unit, row * dimensions);
      slots.push(slot);
      rowOfSlot.set(slot, row);
    },
    remove(slot) {
      const row = rowOfSlot.get(slot);
      if (row === undefined) return;
      rowOfSlot.delete(slot);
      const lastSlot = slots.pop();
      if (lastSlot === undefined || lastSlot === slot) return;
      matrix.copyWithin(row * dimensions, slots.length * dimensions, (slots.length + 1) * dimensions);
      slots[row] = lastSlot;
      rowOfSlot.set(lastSlot, row);
    },
    search(query, limit) {
      const unit = toUnitLength(query);
      if (unit === undefined) return [];
      const top = createTopHits(limit, isBefore);
      for (let row = 0; row < slots.length; row += 1) {
        const score = dotProduct(matrix, row * dimensions, unit);
        top.offer(slots[row] ?? 0, Math.max(-1, Math.min(1, score)));
      }
      return top.take();
    },
  };
}

/** Four sums side by side: they do not wait for each other, which makes the loop about three times as fast. */
function dotProduct(matrix: Float32Array, offset: number, vector: Float32Array): number {
  const length = vector.length;
  const even = length - (length % 4);
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let at = 0;
  for (; at < even; at += 4) {
    const from = offset + at;
    first += (matrix[from] as number) * (vector[at] as number);
    second += (matrix[from + 1] as number) * (vector[at + 1] as number);
    third += (matrix[from + 2] as number) * (vector[at + 2] as number);
    fourth += (matrix[from + 3] as number) * (vector[at + 3] as number);
  }
  for (; at < length; at += 1) first += (matrix[offset + at] as number) * (vector[at] as number);
  return first + second + third + fourth;
}

/** Undefined for a vector without direction: all zero, or with a number that is none. */
function toUnitLength(vector: Float32Array): Float32Array | undefined {
  const length = Math.sqrt(dotProduct(vector, 0, vector));
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return undefined;
  return Math.abs(length - 1) < 1e-6 ? vector : vector.map((value) => value / length);
}
