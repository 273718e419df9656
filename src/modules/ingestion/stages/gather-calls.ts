/**
 * Lets writes, or lookups, that come at the same time share a transaction: while one is under way, the next ones gather,
 * and go together. A lone one waits for nobody.
 */
import { isOutage, toFailure } from './judge-failure.ts';

export type GatheredCall<Value> = { organizationId: string; key: string; value: Value };

export type Gathering = {
  /** Most that share one transaction. */
  most: number;
};

/** `call` answers in the order of its values, which never hold one key twice; when it throws, each of them goes alone, but for an outage. */
export function gatherCalls<Value, Result>(
  call: (organizationId: string, values: readonly Value[]) => Promise<readonly Result[]>,
  { most }: Gathering,
): (gathered: GatheredCall<Value>) => Promise<Result> {
  type Waiting = GatheredCall<Value> & { resolve: (result: Result) => void; reject: (error: unknown) => void };
  const lines = new Map<string, Waiting[]>();

  async function callTogether(organizationId: string, together: readonly Waiting[]): Promise<void> {
    try {
      const values = together.map(({ value }) => value);
      const results = await call(organizationId, values);
      for (const [index, { resolve }] of together.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (together.length === 1 || isOutage(toFailure(error))) {
        for (const { reject } of together) reject(error);
        return;
      }
      // The fault may lie in one of them, and the others are not to suffer for it.
      for (const one of together) await callTogether(organizationId, [one]);
    }
  }

  /** Runs until nobody waits any more; `line` is the organization's, and its presence in `lines` says that this runs. */
  async function serve(organizationId: string, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const together = takeDistinct(line, most);
      await callTogether(organizationId, together);
    }
    lines.delete(organizationId);
  }

  return (gathered) =>
    new Promise((resolve, reject) => {
      const waiting = { ...gathered, resolve, reject };
      const line = lines.get(gathered.organizationId);
      if (line !== undefined) {
        line.push(waiting);
        return;
      }
      const begun = [waiting];
      lines.set(gathered.organizationId, begun);
      void serve(gathered.organizationId, begun);
    });
}

/** Takes from the front, and leaves a second one of the same key where it is. */
function takeDistinct<Waiting extends { key: string }>(line: Waiting[], most: number): Waiting[] {
  const taken: Waiting[] = [];
  const left: Waiting[] = [];
  const keys = new Set<string>();
  for (const waiting of line) {
    if (taken.length >= most || keys.has(waiting.key)) {
      left.push(waiting);
    } else {
      taken.push(waiting);
      keys.add(waiting.key);
    }
  }
  line.splice(0, line.length, ...left);
  return taken;
}
