/** `work` for each value, at most `limit` at once, in the order of the values. */
export async function mapBounded<Value, Result>(
  values: readonly Value[],
  limit: number,
  work: (value: Value) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(values.length);
  const entries = values.entries();
  const takeTurns = async (): Promise<void> => {
    for (const [index, value] of entries) results[index] = await work(value);
  };
  await Promise.all(Array.from({ length: Math.min(limit, values.length) }, takeTurns));
  return results;
}
