import type { ErrorCatalogue } from '#platform/errors.ts';

export const corpusErrors = {
  DOCUMENT_NOT_FOUND:
    'No document with this id is visible to the caller. It may have been deleted; list the documents.',
  DOCUMENT_CONFLICT: 'Somebody else has just made the same document. Send it again.',
  COLLECTION_NOT_FOUND: 'No collection with this id is visible to the caller. List the collections for the valid ids.',
  COLLECTION_NAME_TAKEN: 'A collection of this name exists already. Choose another name or use the existing one.',
  COLLECTION_NOT_EMPTY: 'The collection still holds documents. Delete them first.',
  BATCH_TOO_LARGE:
    'The documents of one call hold more text and vectors than `corpus.maxBatchBytes`. Give fewer at once, or raise it.',
  SPACE_NOT_BUILDING:
    'The collection is not being prepared for this embedding space. Begin it first; the scheduler does after a change of model.',
  SPACE_INCOMPLETE:
    'Some chunks of the collection have no vector in the new embedding space yet. Embed them, then swap.',
  SEARCH_WARMING: 'The index of a collection is still being loaded. Try again after the seconds in Retry-After.',
  SEARCH_BEHIND:
    'The index has not reached the position that was asked for. Try again after the seconds in Retry-After.',
} as const satisfies ErrorCatalogue;
