/** Keeps the best `limit` of many scored slots: a bounded heap whose root is the worst that is kept. */
export type TopHits = {
  offer(slot: number, score: number): void;
  /** Best first. Empties the heap. */
  take(): { slot: number; score: number }[];
};

/** `isBefore` decides between equal scores: true when the first slot goes before the second. */
export function createTopHits(limit: number, isBefore: (slot: number, other: number) => boolean): TopHits {
  const heap: { slot: number; score: number }[] = [];
  type Hit = (typeof heap)[number];
  const isWorse = (hit: Hit, other: Hit): boolean =>
    hit.score < other.score || (hit.score === other.score && isBefore(other.slot, hit.slot));

  const settle = (hit: Hit, from: number, size: number): void => {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined || child >= size) break;
      const right = heap[child + 1];
      let worst = left;
      if (right !== undefined && child + 1 < size && isWorse(right, left)) {
        worst = right;
        child += 1;
      }
      if (!isWorse(worst, hit)) break;
      heap[at] = worst;
      at = child;
    }
    heap[at] = hit;
  };
  const rise = (hit: Hit): void => {
    let at = heap.length;
    heap.push(hit);
    while (at > 0) {
      const parentAt = (at - 1) >>> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isWorse(hit, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = hit;
  };

  return {
    offer(slot, score) {
      if (heap.length < limit) {
        rise({ slot, score });
        return;
      }
      const worst = heap[0];
      if (worst === undefined || score < worst.score) return;
      const hit = { slot, score };
      if (isWorse(worst, hit)) settle(hit, 0, heap.length);
    },
    take: () => heap.splice(0).sort((hit, other) => (isWorse(other, hit) ? -1 : 1)),
  };
}
