/**
 * Which entries hold a term and how often: sorted lists of packed numbers in one growing array, so that a million
 * postings are a few megabytes and no objects. Lists live in blocks of a power of two; a freed block is used again.
 */
export type Postings = {
  /** Adds `slot` to the term's list; it must not be in it. */
  insert(term: number, slot: number, frequency: number): void;
  /** Takes `slot` out of the term's list; it must be in it. */
  remove(term: number, slot: number): void;
  /** Number of entries that hold the term. */
  count(term: number): number;
  /** The term's list is `packed[start]` … `packed[start + count(term) - 1]`; valid until the next change. */
  start(term: number): number;
  readonly packed: Uint32Array;
};

const frequencyBits = 8;
/** A frequency above this counts as this; BM25 has saturated long before. */
export const maxFrequency = (1 << frequencyBits) - 1;
/** Entries that one index can hold. */
export const maxSlots = 2 ** (32 - frequencyBits);

export const slotOf = (packed: number): number => packed >>> frequencyBits;
export const frequencyOf = (packed: number): number => packed & maxFrequency;

/** Creates empty lists; terms are numbers from 0, dense. */
export function createPostings(): Postings {
  let packed: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 12);
  let used = 0;
  let starts = new Int32Array(1 << 10);
  let counts = new Uint32Array(1 << 10);
  /** Exponent of the block's size, plus one; 0 is no block. */
  let classes = new Uint8Array(1 << 10);
  const freeBlocks: number[][] = Array.from({ length: 32 }, () => []);

  const allocate = (sizeClass: number): number => {
    const reused = freeBlocks[sizeClass]?.pop();
    if (reused !== undefined) return reused;
    const start = used;
    used += 2 ** (sizeClass - 1);
    if (used > packed.length) packed = grown(packed, used);
    return start;
  };
  const release = (term: number): void => {
    const sizeClass = classes[term] ?? 0;
    if (sizeClass > 0) freeBlocks[sizeClass]?.push(starts[term] ?? 0);
    classes[term] = 0;
  };
  const enlarge = (term: number): void => {
    const sizeClass = (classes[term] ?? 0) + 1;
    const start = allocate(sizeClass);
    const from = starts[term] ?? 0;
    packed.copyWithin(start, from, from + (counts[term] ?? 0));
    release(term);
    starts[term] = start;
    classes[term] = sizeClass;
  };
  /** First place in the term's list whose slot is not smaller. */
  const placeOf = (term: number, slot: number): number => {
    let low = starts[term] ?? 0;
    let high = low + (counts[term] ?? 0);
    if (high > low && slotOf(packed[high - 1] ?? 0) < slot) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slotOf(packed[middle] ?? 0) < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    insert(term, slot, frequency) {
      if (term >= counts.length) {
        starts = grown(starts, term + 1);
        counts = grown(counts, term + 1);
        classes = grown(classes, term + 1);
      }
      const count = counts[term] ?? 0;
      const sizeClass = classes[term] ?? 0;
      if (sizeClass === 0 || count === 2 ** (sizeClass - 1)) enlarge(term);
      const place = placeOf(term, slot);
      packed.copyWithin(place + 1, place, (starts[term] ?? 0) + count);
      packed[place] = slot * 2 ** frequencyBits + Math.min(frequency, maxFrequency);
      counts[term] = count + 1;
    },
    remove(term, slot) {
      const place = placeOf(term, slot);
      const count = counts[term] ?? 0;
      packed.copyWithin(place, place + 1, (starts[term] ?? 0) + count);
      counts[term] = count - 1;
      if (count === 1) release(term);
    },
    count: (term) => counts[term] ?? 0,
    start: (term) => starts[term] ?? 0,
    get packed() {
      return packed;
    },
  };
}

type Growable =
  | Uint8Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>;

/** A copy that has room for `length` numbers and half as much again. */
export function grown<Numbers extends Growable>(numbers: Numbers, length: number): Numbers {
  const bigger = new (numbers.constructor as new (size: number) => Numbers)(Math.ceil(Math.max(length, 64) * 1.5));
  bigger.set(numbers);
  return bigger;
}
