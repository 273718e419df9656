/** Reads for the indexes: the log as the system login, ids only; every content inside its organization. */
import { comparePositions, currentPosition, readChanges } from '#platform/postgres/change-order.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import { readChunkPage, readChunksOfDocuments, readLiveSpace } from '../indexed-chunks/store.ts';
import type { VectorSpace } from '../service.ts';
import { type CorpusTables, findSpace, listCollectionIds } from '../store.ts';
import type { IndexSource } from './collection-indexes.ts';

export function createIndexSource(db: TableDatabase<CorpusTables>, space: VectorSpace): IndexSource {
  return {
    currentPosition: () => db.asSystem('start following the corpus', currentPosition),
    async changesAfter(position, limit) {
      const changes = await db.asSystem('follow the corpus', (transaction) =>
        readChanges(transaction, { table: 'corpus_changes', after: position, limit }),
      );
      return changes.map(({ row, position: reached }) => ({
        organizationId: row.organization_id,
        collectionId: row.collection_id,
        documentId: row.document_id ?? undefined,
        position: reached,
      }));
    },
    collectionIds: (organizationId) => db.inOrganization(organizationId, listCollectionIds),
    spaceOf: ({ organizationId, collectionId }) =>
      db.inOrganization(organizationId, async (transaction) => {
        const ownId = await findSpace(transaction, space);
        const liveId = (await readLiveSpace(transaction, collectionId))?.liveSpaceId ?? undefined;
        const isOwn = liveId === undefined || liveId === ownId;
        return { spaceId: isOwn ? ownId : undefined, lacksVectors: !isOwn };
      }),
    chunkPage: ({ organizationId, collectionId }, spaceId, afterChunkId, limit) =>
      db.inOrganization(organizationId, (transaction) =>
        readChunkPage(transaction, { collectionId, spaceId, afterChunkId, limit }),
      ),
    chunksOf: ({ organizationId }, spaceId, { documentIds, after, limit }) =>
      db.inOrganization(organizationId, (transaction) =>
        readChunksOfDocuments(transaction, { documentIds, spaceId, after, limit }),
      ),
    comparePositions,
  };
}
