/** Events that a subscriber in this process could not take in. */
import { AppError } from '../../errors.ts';
import type { TableDatabase } from '../../postgres/ports.ts';
import { eventErrors } from '../errors.ts';
import type { Subscriber } from '../ports.ts';
import { requeueDeadLetter } from './deliver.ts';
import { type InboxTables, listDeadLetters, type StoredDeadLetter, takeDeadLetter } from './store.ts';

export type DeadLetters = {
  /** Newest first. */
  list(organizationId: string, page: { beforeId: string | undefined; limit: number }): Promise<StoredDeadLetter[]>;
  /** Hands it to its subscriber again; it is gone if and only if that worked. Throws DEAD_LETTER_NOT_FOUND, EVENT_SUBSCRIBER_UNKNOWN, or what the subscriber throws. */
  requeue(organizationId: string, letterId: string): Promise<void>;
  /** The same for all of an organization, oldest first, at most `mostRequeued`; those that fail again stay. */
  requeueAll(organizationId: string): Promise<{ requeued: number; failed: number }>;
};

/** Letters of one call of `requeueAll`. */
export const mostRequeued = 200;

export function createDeadLetters(db: TableDatabase<InboxTables>, subscribers: readonly Subscriber[]): DeadLetters {
  const list: DeadLetters['list'] = (organizationId, page) =>
    db.inOrganization(organizationId, (transaction) => listDeadLetters(transaction, page));

  async function requeue(organizationId: string, letterId: string): Promise<void> {
    const found = await requeueDeadLetter(db, subscribers, { organizationId, letterId }, (transaction) =>
      takeDeadLetter(transaction, letterId),
    );
    if (!found) throw new AppError('DEAD_LETTER_NOT_FOUND', 'not-found', eventErrors.DEAD_LETTER_NOT_FOUND);
  }

  return {
    list,
    requeue,
    async requeueAll(organizationId) {
      const letters = await list(organizationId, { beforeId: undefined, limit: mostRequeued });
      const done = { requeued: 0, failed: 0 };
      for (const letter of letters.reverse()) {
        const worked = await requeue(organizationId, letter.id).then(
          () => true,
          () => false,
        );
        if (worked) done.requeued += 1;
        else done.failed += 1;
      }
      return done;
    },
  };
}
