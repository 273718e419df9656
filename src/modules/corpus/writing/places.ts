/** The collections that a batch writes to, locked until its transaction ends, and the embedding space of its vectors. */
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import { corpusErrors } from '../errors.ts';
import type { NewDocument, VectorSpace } from '../service.ts';
import { recordSpaceChange, writeSpaces } from '../spaces/store.ts';
import { type CorpusTransaction, ensureCollection, ensureSpace, findSpace } from '../store.ts';
import { type LockedCollection, lockCollections } from './store.ts';

export const defaultCollection = 'default';

export type Places = {
  spaceId: string;
  collections: readonly LockedCollection[];
  collectionOf(document: Pick<NewDocument, 'collectionId'>): LockedCollection;
};

/** Collection `default` and the space are made when they are missing. Throws `COLLECTION_NOT_FOUND`. */
export async function lockPlaces(
  transaction: CorpusTransaction,
  { organizationId, ids, space }: { organizationId: string; ids: Ids; space: VectorSpace },
  documents: readonly Pick<NewDocument, 'collectionId'>[],
): Promise<Places> {
  const collections = await lockWanted(transaction, { organizationId, ids }, documents);
  const byId = new Map(collections.map((collection) => [collection.id, collection]));
  const standard = collections.find(({ name }) => name === defaultCollection);
  const collectionOf: Places['collectionOf'] = ({ collectionId }) => {
    const found = collectionId === undefined ? standard : byId.get(collectionId);
    if (found === undefined) throw collectionNotFound();
    return found;
  };
  for (const document of documents) collectionOf(document);
  const spaceId =
    (await findSpace(transaction, space)) ??
    (await ensureSpace(transaction, { organization_id: organizationId, id: ids.next(), ...space }));
  for (const { id, liveSpaceId } of collections) {
    if (liveSpaceId !== null) continue;
    await writeSpaces(transaction, id, { liveSpaceId: spaceId, buildingSpaceId: null });
    await recordSpaceChange(transaction, { organizationId, id: ids.next(), collectionId: id });
  }
  return { spaceId, collections, collectionOf };
}

async function lockWanted(
  transaction: CorpusTransaction,
  { organizationId, ids }: { organizationId: string; ids: Ids },
  documents: readonly Pick<NewDocument, 'collectionId'>[],
): Promise<LockedCollection[]> {
  const asked = [...new Set(documents.map(({ collectionId }) => collectionId))];
  const wanted = {
    ids: asked.filter((id) => id !== undefined),
    names: asked.includes(undefined) ? [defaultCollection] : [],
  };
  const makeDefault = () => ensureCollection(transaction, { organizationId, id: ids.next(), name: defaultCollection });
  // Made before anything else is locked, so that nobody waits for it with a lock in hand.
  if (wanted.names.length > 0 && wanted.ids.length > 0) await makeDefault();
  const locked = await lockCollections(transaction, wanted);
  if (wanted.names.length === 0 || locked.some(({ name }) => name === defaultCollection)) return locked;
  await makeDefault();
  return lockCollections(transaction, wanted);
}

export function collectionNotFound(): AppError {
  return new AppError('COLLECTION_NOT_FOUND', 'not-found', corpusErrors.COLLECTION_NOT_FOUND);
}
