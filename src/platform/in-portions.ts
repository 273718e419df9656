/** More than an hour brings of anything; what is left then waits for the next call. */
const mostPortions = 1000;

/**
 * Does a large piece of work in portions that are short by themselves, e.g. a transaction each, until the signal aborts.
 * `work` tells how much it did; less than `portion` means that nothing is left. Returns the sum.
 */
export async function inPortions(portion: number, work: () => Promise<number>, signal?: AbortSignal): Promise<number> {
  let sum = 0;
  for (let turn = 0; turn < mostPortions && signal?.aborted !== true; turn += 1) {
    const done = await work();
    sum += done;
    if (done < portion) break;
  }
  return sum;
}
