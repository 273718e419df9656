/** The one place where ingestion writes to the outbox. */
import { recordEvents } from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import type { ingestionEvents } from './events.ts';
import type { IngestionTransaction } from './store.ts';

/** Something that happened to a document; `itemId` ties together everything that happens to one revision of it. */
export type Fact = {
  type: keyof typeof ingestionEvents;
  itemId: string;
  data: Record<string, unknown>;
};

/** They are announced if and only if the transaction commits. */
export async function recordFacts(
  transaction: IngestionTransaction,
  { organizationId, ids }: { organizationId: string; ids: Ids },
  facts: readonly Fact[],
): Promise<void> {
  if (facts.length === 0) return;
  await recordEvents(
    transaction,
    facts.map(({ type, itemId, data }) => ({ id: ids.next(), organizationId, type, data, correlationId: itemId })),
  );
}

/** Ids made now for facts that are recorded later: events are told in the order of their ids. */
export function reserveIds(ids: Ids, count: number): Ids {
  const reserved = Array.from({ length: count }, () => ids.next()).values();
  return { next: () => reserved.next().value ?? ids.next() };
}
