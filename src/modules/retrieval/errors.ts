import type { ErrorCatalogue } from '#platform/errors.ts';

export const retrievalErrors = {
  SEARCH_LEG_LATE:
    'One leg of the search took longer than retrieval.legDeadlineMs and was left out; the reply names it. Raise the deadline or look at the embedding model.',
  SEARCH_UNAVAILABLE:
    'No leg of the search answered in time. Try again; if it stays, read the log for why the legs failed.',
} as const satisfies ErrorCatalogue;
