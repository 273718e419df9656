/**
 * Which embedding space a collection is searched in, and its change to another one: vectors of the new space are added
 * beside the old ones, and one transaction swaps when every chunk has one. Between the two a process whose embedder is of
 * the new space searches the collection by words only, as its queries have no vector in the old one.
 */
import { AppError, assert } from '#platform/errors.ts';
import { formatPosition, type Position } from '#platform/postgres/change-order.ts';
import { corpusErrors } from '../errors.ts';
import type { Corpus, CorpusDependencies, VectorSpace } from '../service.ts';
import { type CorpusTransaction, ensureSpace, findSpace } from '../store.ts';
import { fromVectorBytes, toVectorBytes } from '../vector-bytes.ts';
import { collectionNotFound } from '../writing/places.ts';
import { recordChanges } from '../writing/store.ts';
import {
  type CollectionSpaces,
  deleteVectorsOutside,
  findCollectionsOutside,
  findVectorRows,
  insertVectors,
  readSpaces,
  readUnembeddedChunks,
  recordSpaceChange,
  writeSpaces,
} from './store.ts';

export type Spaces = Pick<
  Corpus,
  | 'findVectors'
  | 'beginSpace'
  | 'chunksWithoutVector'
  | 'addVectors'
  | 'swapSpace'
  | 'abandonSpace'
  | 'pruneVectors'
  | 'collectionsToReembed'
>;

type Dependencies = Pick<CorpusDependencies, 'db' | 'ids' | 'space'> & { onCommit: (position: Position) => void };

/** Most texts that one call of `findVectors` asks for, and most vectors that one call adds. */
const mostVectorsAtOnce = 10_000;
/** Deleted in one transaction: few enough to end long before the statement's deadline. */
const vectorsPerPrune = 5000;

export function createSpaces(dependencies: Dependencies): Spaces {
  const { db, ids, space: own } = dependencies;
  const idOf = async (transaction: CorpusTransaction, organizationId: string, space: VectorSpace) =>
    (await findSpace(transaction, space)) ??
    (await ensureSpace(transaction, { organization_id: organizationId, id: ids.next(), ...space }));

  return {
    async findVectors(organizationId, textHashes) {
      assert(textHashes.length <= mostVectorsAtOnce, `At most ${mostVectorsAtOnce} texts at once.`);
      if (textHashes.length === 0) return new Map();
      const rows = await db.inOrganization(organizationId, async (transaction) => {
        const spaceId = await findSpace(transaction, own);
        return spaceId === undefined ? [] : findVectorRows(transaction, { organizationId, spaceId, textHashes });
      });
      return new Map(rows.map(({ textHash, vector }) => [textHash, fromVectorBytes(vector)]));
    },
    collectionsToReembed: (organizationId) =>
      db.inOrganization(organizationId, async (transaction) =>
        findCollectionsOutside(transaction, await idOf(transaction, organizationId, own)),
      ),
    beginSpace: (organizationId, collectionId, space) =>
      db.inOrganization(organizationId, async (transaction) => {
        const spaceId = await idOf(transaction, organizationId, space);
        const { liveSpaceId } = await lockedSpaces(transaction, collectionId);
        const isLive = liveSpaceId === null || liveSpaceId === spaceId;
        const spaces = isLive
          ? { liveSpaceId: spaceId, buildingSpaceId: null }
          : { liveSpaceId, buildingSpaceId: spaceId };
        await writeSpaces(transaction, collectionId, spaces);
        return isLive ? 'live' : 'building';
      }),
    chunksWithoutVector: (organizationId, collectionId, afterChunkId, limit) =>
      db.inOrganization(organizationId, async (transaction) => {
        const spaceId = targetOf(await readSpaces(transaction, collectionId, 'look'));
        return spaceId === undefined
          ? []
          : readUnembeddedChunks(transaction, { collectionId, spaceId, afterChunkId, limit });
      }),
    async pruneVectors(organizationId, collectionId) {
      const pruned = await db.inOrganization(organizationId, async (transaction) => {
        const { liveSpaceId, buildingSpaceId } = await lockedSpaces(transaction, collectionId);
        const spaceIds = [liveSpaceId, buildingSpaceId].filter((id) => id !== null);
        return deleteVectorsOutside(transaction, { collectionId, spaceIds, limit: vectorsPerPrune });
      });
      return { pruned, isDone: pruned < vectorsPerPrune };
    },
    ...createChanges(dependencies),
  };
}

function createChanges({
  db,
  ids,
  space: own,
  onCommit,
}: Dependencies): Pick<Spaces, 'addVectors' | 'swapSpace' | 'abandonSpace'> {
  return {
    async addVectors(organizationId, collectionId, vectors) {
      assert(vectors.length <= mostVectorsAtOnce, `At most ${mostVectorsAtOnce} vectors at once.`);
      assert(
        vectors.every(({ vector }) => vector.length === own.dimensions),
        'A vector has the length of its space.',
      );
      if (vectors.length === 0) return;
      const position = await db.inOrganization(organizationId, async (transaction) => {
        const spaces = await lockedSpaces(transaction, collectionId);
        const spaceId = targetOf(spaces);
        if (spaceId === undefined || spaceId !== (await findSpace(transaction, own))) throw notBuilding();
        const rows = vectors.map(({ chunkId, vector, embeddedTextHash }) => ({
          chunkId,
          vector: toVectorBytes(vector),
          textHash: embeddedTextHash,
        }));
        const documentIds = await insertVectors(transaction, { organizationId, collectionId, spaceId }, rows);
        if (spaceId !== spaces.liveSpaceId || documentIds.length === 0) return undefined;
        const changes = documentIds.map((documentId) => ({ id: ids.next(), collectionId, documentId }));
        const xid = await recordChanges(transaction, { organizationId, kind: 'upsert' }, changes);
        return { xid, id: changes.at(-1)?.id ?? ids.next() };
      });
      if (position !== undefined) onCommit(position);
    },
    async swapSpace(organizationId, collectionId) {
      const position = await db.inOrganization(organizationId, async (transaction) => {
        const { buildingSpaceId } = await lockedSpaces(transaction, collectionId);
        if (buildingSpaceId === null) throw notBuilding();
        const missing = { collectionId, spaceId: buildingSpaceId, afterChunkId: undefined, limit: 1 };
        if ((await readUnembeddedChunks(transaction, missing)).length > 0) throw incomplete();
        await writeSpaces(transaction, collectionId, { liveSpaceId: buildingSpaceId, buildingSpaceId: null });
        return recordSpaceChange(transaction, { organizationId, id: ids.next(), collectionId });
      });
      onCommit(position);
      return { position: formatPosition(position) };
    },
    abandonSpace: (organizationId, collectionId) =>
      db.inOrganization(organizationId, async (transaction) => {
        const { liveSpaceId } = await lockedSpaces(transaction, collectionId);
        await writeSpaces(transaction, collectionId, { liveSpaceId, buildingSpaceId: null });
      }),
  };
}

async function lockedSpaces(transaction: CorpusTransaction, collectionId: string): Promise<CollectionSpaces> {
  const spaces = await readSpaces(transaction, collectionId, 'lock');
  if (spaces === undefined) throw collectionNotFound();
  return spaces;
}

/** The space that lacks vectors: the one being built, else the live one. */
function targetOf(spaces: CollectionSpaces | undefined): string | undefined {
  return spaces?.buildingSpaceId ?? spaces?.liveSpaceId ?? undefined;
}

function notBuilding(): AppError {
  return new AppError('SPACE_NOT_BUILDING', 'conflict', corpusErrors.SPACE_NOT_BUILDING);
}

function incomplete(): AppError {
  return new AppError('SPACE_INCOMPLETE', 'conflict', corpusErrors.SPACE_INCOMPLETE);
}
