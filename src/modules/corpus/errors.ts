import type { ErrorCatalogue } from '#platform/errors.ts';

export const corpusErrors = {
  DOCUMENT_NOT_FOUND:
    'No document with this id is visible to the caller. It may have been deleted; list the documents.',
  COLLECTION_NOT_FOUND: 'No collection with this id is visible to the caller. List the collections for the valid ids.',
  COLLECTION_NAME_TAKEN: 'A collection of this name exists already. Choose another name or use the existing one.',
  COLLECTION_NOT_EMPTY: 'The collection still holds documents. Delete them first.',
  SEARCH_WARMING: 'The index of a collection is still being loaded. Try again after the seconds in Retry-After.',
  SEARCH_BEHIND:
    'The index has not reached the position that was asked for. Try again after the seconds in Retry-After.',
} as const satisfies ErrorCatalogue;
