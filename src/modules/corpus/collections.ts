/** Making and removing collections. */
import { AppError } from '#platform/errors.ts';
import { isForeignKeyViolation, isUniqueViolation } from '#platform/postgres/errors.ts';
import { corpusErrors } from './errors.ts';
import type { Corpus, CorpusDependencies } from './service.ts';
import { deleteCollectionRow, findPresentCollections, insertCollection } from './store.ts';

type Dependencies = Pick<CorpusDependencies, 'db' | 'ids'> & {
  /** Called when the collections of an organization may be others than before. */
  onChange: (organizationId: string) => void;
};

export function createCollections({
  db,
  ids,
  onChange,
}: Dependencies): Pick<Corpus, 'createCollection' | 'deleteCollection' | 'requireCollection'> {
  return {
    async requireCollection(organizationId, collectionId) {
      const found = await db.inOrganization(organizationId, (transaction) =>
        findPresentCollections(transaction, [collectionId]),
      );
      if (!found.has(collectionId)) throw collectionNotFound();
    },
    async createCollection(organizationId, name) {
      try {
        const row = await db.inOrganization(organizationId, (transaction) =>
          insertCollection(transaction, { organizationId, id: ids.next(), name }),
        );
        onChange(organizationId);
        return { ...row, documents: 0 };
      } catch (error) {
        if (!isUniqueViolation(error, 'corpus_collections_name_key')) throw error;
        throw new AppError('COLLECTION_NAME_TAKEN', 'conflict', corpusErrors.COLLECTION_NAME_TAKEN, { cause: error });
      }
    },
    async deleteCollection(organizationId, collectionId) {
      try {
        const found = await db.inOrganization(organizationId, (transaction) =>
          deleteCollectionRow(transaction, collectionId),
        );
        if (!found) throw collectionNotFound();
        onChange(organizationId);
      } catch (error) {
        if (!isForeignKeyViolation(error, 'corpus_documents_collection_fkey')) throw error;
        throw new AppError('COLLECTION_NOT_EMPTY', 'conflict', corpusErrors.COLLECTION_NOT_EMPTY, { cause: error });
      }
    },
  };
}

const collectionNotFound = (): AppError =>
  new AppError('COLLECTION_NOT_FOUND', 'not-found', corpusErrors.COLLECTION_NOT_FOUND);
