/**
 * One turn of the relay: number what was committed, then hand it to every subscriber. Deterministic given its store and
 * its delivery; what may run twice is harmless twice.
 */

/** An event that has just got its number; for the metrics. */
export type NumberedEvent = { id: string; organizationId: string; type: string; occurredAt: Date };

/** Where an event is in the relay's order. Ids only: content is read inside the organization. */
export type LoggedEvent = { id: string; organizationId: string; sequence: bigint };

export type RelayStore = {
  /** True while this relay is the one that relays; lengthens its lease. */
  takeLease(): Promise<boolean>;
  releaseLease(): Promise<void>;
  /** The next settled events, now numbered, at most `limit`, and the last number given; undefined: the lease was lost. */
  numberEvents(limit: number): Promise<{ events: NumberedEvent[]; head: bigint } | undefined>;
  /** Events numbered after `after` and up to `head`; `upTo` is where to go on when these are delivered. */
  readLog(
    stretch: { after: bigint; head: bigint },
    types: readonly string[] | 'all',
    limit: number,
  ): Promise<{ events: LoggedEvent[]; upTo: bigint }>;
  /** 0 for a new subscriber. */
  readReached(subscriber: string): Promise<bigint>;
  writeReached(subscriber: string, sequence: bigint): Promise<void>;
};

/** Somebody to deliver to. */
export type Reader = {
  name: string;
  types: readonly string[] | 'all';
  /** Resolves when all of them, one organization's in their order, were taken in or have become dead letters. */
  deliver(events: readonly LoggedEvent[]): Promise<void>;
};

export type RelayRound = {
  /** `more`: there is probably more at once. Does not wait for the readers: a slow or failing one holds nobody back. */
  run(): Promise<'not-holder' | 'nothing' | 'found' | 'more'>;
  /** Resolves when no reader has anything in hand. */
  settled(): Promise<void>;
  /** Events that have their number and that the slowest reader has not had. */
  lag(): number;
};

type Dependencies = {
  store: RelayStore;
  readers: readonly Reader[];
  batchSize: number;
  onNumbered(events: readonly NumberedEvent[]): void;
  /** A reader has had what it was given; there may be more for it. */
  onServed(): void;
  /** A reader failed; it is served again in the next turn. */
  onReaderFailed(error: unknown, reader: string): void;
};

export function createRelayRound(dependencies: Dependencies): RelayRound {
  const { store, readers, batchSize, onNumbered, onServed, onReaderFailed } = dependencies;
  const reached = new Map<string, bigint>();
  const busy = new Map<string, Promise<void>>();
  let head = 0n;

  async function serve(reader: Reader): Promise<void> {
    const after = reached.get(reader.name) ?? (await store.readReached(reader.name));
    reached.set(reader.name, after);
    if (after >= head) return;
    const { events, upTo } = await store.readLog({ after, head }, reader.types, batchSize);
    if (events.length > 0) await reader.deliver(events);
    await store.writeReached(reader.name, upTo);
    reached.set(reader.name, upTo);
    onServed();
  }

  function serveIdle(): void {
    for (const reader of readers) {
      if (busy.has(reader.name)) continue;
      const work = serve(reader)
        .catch((error: unknown) => onReaderFailed(error, reader.name))
        .finally(() => busy.delete(reader.name));
      busy.set(reader.name, work);
    }
  }

  return {
    async run() {
      if (!(await store.takeLease())) {
        reached.clear();
        return 'not-holder';
      }
      const numbered = await store.numberEvents(batchSize);
      if (numbered === undefined) return 'not-holder';
      const { events } = numbered;
      head = numbered.head;
      if (events.length > 0) onNumbered(events);
      serveIdle();
      if (events.length >= batchSize) return 'more';
      return events.length > 0 ? 'found' : 'nothing';
    },
    async settled() {
      await Promise.all(busy.values());
    },
    lag: () =>
      Number([...reached.values()].reduce((most, sequence) => (head - sequence > most ? head - sequence : most), 0n)),
  };
}
