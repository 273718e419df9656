/** Reads for the indexes: the log as the system login, ids only; every content inside its organization. */
import { comparePositions, currentPosition, readChanges } from '#platform/postgres/change-order.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { IndexSource } from './collection-indexes.ts';
import { readChunkPage, readChunksOfDocuments } from './indexed-chunks/store.ts';
import type { VectorSpace } from './service.ts';
import { type CorpusTables, findSpace, listCollectionIds } from './store.ts';

/** Most spaces remembered; one an organization. */
const rememberedSpaces = 10_000;

export function createIndexSource(db: TableDatabase<CorpusTables>, space: VectorSpace): IndexSource {
  const spaceIds = new Map<string, string>();

  async function spaceOf(organizationId: string): Promise<string | undefined> {
    const known = spaceIds.get(organizationId);
    if (known !== undefined) return known;
    const found = await db.inOrganization(organizationId, (transaction) => findSpace(transaction, space));
    if (found !== undefined) {
      if (spaceIds.size >= rememberedSpaces) spaceIds.clear();
      spaceIds.set(organizationId, found);
    }
    return found;
  }

  return {
    currentPosition: () => db.asSystem('start following the corpus', currentPosition),
    async changesAfter(position, limit) {
      const changes = await db.asSystem('follow the corpus', (transaction) =>
        readChanges(transaction, { table: 'corpus_changes', after: position, limit }),
      );
      return changes.map(({ row, position: reached }) => ({
        organizationId: row.organization_id,
        collectionId: row.collection_id,
        documentId: row.document_id,
        position: reached,
      }));
    },
    collectionIds: (organizationId) => db.inOrganization(organizationId, listCollectionIds),
    async chunkPage({ organizationId, collectionId }, afterChunkId, limit) {
      const spaceId = await spaceOf(organizationId);
      return db.inOrganization(organizationId, (transaction) =>
        readChunkPage(transaction, { collectionId, spaceId, afterChunkId, limit }),
      );
    },
    async chunksOf({ organizationId }, documentIds) {
      const spaceId = await spaceOf(organizationId);
      return db.inOrganization(organizationId, (transaction) =>
        readChunksOfDocuments(transaction, { documentIds, spaceId }),
      );
    },
    comparePositions,
  };
}
