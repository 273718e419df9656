import type { ErrorCatalogue } from '#platform/errors.ts';

export const eventErrors = {
  RELAY_LEASE_LOST:
    'Another process relays the events now, because this one was silent for longer than `events.leaseMs`. It waits for its turn.',
  DEAD_LETTER_NOT_FOUND:
    'No dead letter with this id is visible to the caller. List the dead letters for the valid ids.',
  EVENT_SUBSCRIBER_UNKNOWN: 'The dead letter is of a subscriber that this version no longer has. Delete the letter.',
} as const satisfies ErrorCatalogue;
