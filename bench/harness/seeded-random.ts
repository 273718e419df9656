/** Repeatable randomness for benches and assurance programs. Not for secrets. */
export type SeededRandom = {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform among 0 … bound − 1. */
  integer(bound: number): number;
  /** One element; throws on an empty list. */
  pick<Item>(items: readonly Item[]): Item;
  /** A new array in random order (Fisher–Yates). */
  shuffle<Item>(items: readonly Item[]): Item[];
};

/** mulberry32: 32 bits of state, good enough to choose work, the same on every machine. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    integer,
    pick(items) {
      if (items.length === 0) throw new RangeError('There is nothing to pick from.');
      return items[integer(items.length)] as (typeof items)[number];
    },
    shuffle(items) {
      const result = [...items];
      for (let last = result.length - 1; last > 0; last -= 1) {
        const other = integer(last + 1);
        [result[last], result[other]] = [
          result[other] as (typeof result)[number],
          result[last] as (typeof result)[number],
        ];
      }
      return result;
    },
  };
}
