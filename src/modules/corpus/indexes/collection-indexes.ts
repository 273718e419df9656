/**
 * Which indexes a search may use, and how fresh they are. The database stays the truth; an index may be dropped and
 * loaded again at any time.
 */
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { withDeadline } from '#platform/lifecycle/with-deadline.ts';
import type { Position } from '#platform/postgres/change-order.ts';
import type { SearchIndex } from '#platform/search/ports.ts';
import type { ChunkSource, CollectionKey } from '../chunk-source.ts';
import type { CorpusConfig } from '../config.ts';
import { corpusErrors } from '../errors.ts';
import type { OpenIndex } from '../service.ts';
import { createChangeFollower } from './change-follower.ts';
import { createLoadedIndexes } from './loaded-indexes.ts';

/** One row of the change log, without content. */
export type CorpusChange = CollectionKey & {
  /** Undefined: the collection is searched in another space from here on. */
  documentId: string | undefined;
  position: Position;
};

/** What the indexes read. Every read happens inside one organization, but for the log itself. */
export type IndexSource = ChunkSource & {
  currentPosition(): Promise<Position>;
  changesAfter(position: Position, limit: number): Promise<CorpusChange[]>;
  collectionIds(organizationId: string): Promise<string[]>;
  comparePositions(left: Position, right: Position): number;
};

export type CollectionIndexes = {
  /**
   * The indexes of one collection, or of all, at a position not before `atLeast`. Throws `COLLECTION_NOT_FOUND`,
   * `SEARCH_WARMING`, `SEARCH_BEHIND`.
   */
  open(
    organizationId: string,
    collectionId: string | undefined,
    atLeast: Position | undefined,
  ): Promise<{ indexes: OpenIndex[]; position: Position }>;
  /** Tells that this process has committed a change at this position, so that it is followed at once. */
  announce(position: Position): void;
  /** Forgets which collections an organization has. */
  forgetCollections(organizationId: string): void;
  close(): Promise<void>;
};

type Dependencies = {
  source: IndexSource;
  createIndex: () => SearchIndex;
  clock: Clock;
  config: CorpusConfig;
  /** Called when following failed; it is tried again. */
  onFollowError: (error: unknown) => void;
  /** Hears how long the loaded indexes took to follow. */
  onIndexed?: (passed: { documents: number; seconds: number }) => void;
};

/** Most organizations whose collections are remembered. */
const rememberedOrganizations = 10_000;

export function createCollectionIndexes(dependencies: Dependencies): CollectionIndexes {
  const { source, createIndex, clock, config, onIndexed = () => undefined } = dependencies;
  const loaded = createLoadedIndexes({ source, createIndex, clock, maxLoadedChunks: config.maxLoadedChunks });
  const collectionsOf = new Map<string, readonly string[]>();
  /** Grows with every forgetting: a list that was read across one may be old already and is not remembered. */
  let forgotten = 0;
  const follower = createChangeFollower<CorpusChange>({
    currentPosition: source.currentPosition,
    changesAfter: source.changesAfter,
    comparePositions: source.comparePositions,
    apply: applyChanges,
    onError: dependencies.onFollowError,
    clock,
    intervalMs: config.followIntervalMs,
  });

  async function applyChanges(changes: CorpusChange[]): Promise<void> {
    const byCollection = Map.groupBy(changes, (change) => `${change.organizationId}/${change.collectionId}`);
    for (const group of byCollection.values()) {
      const [first] = group;
      if (first === undefined) continue;
      if (!collectionsOf.get(first.organizationId)?.includes(first.collectionId)) {
        forgetCollections(first.organizationId);
      }
      const documentIds = group.map((change) => change.documentId);
      if (documentIds.includes(undefined)) await loaded.followSpace(first);
      const startedMs = clock.monotonicMs();
      const present = new Set(documentIds.filter((id) => id !== undefined));
      await loaded.refresh(first, present);
      onIndexed({ documents: present.size, seconds: (clock.monotonicMs() - startedMs) / 1000 });
    }
  }

  function forgetCollections(organizationId: string): void {
    forgotten += 1;
    collectionsOf.delete(organizationId);
  }

  async function knownCollections(organizationId: string): Promise<readonly string[]> {
    const remembered = collectionsOf.get(organizationId);
    if (remembered !== undefined) return remembered;
    const forgottenBefore = forgotten;
    const collectionIds = await source.collectionIds(organizationId);
    if (forgotten !== forgottenBefore) return collectionIds;
    if (collectionsOf.size >= rememberedOrganizations) collectionsOf.clear();
    collectionsOf.set(organizationId, collectionIds);
    return collectionIds;
  }

  async function wantedCollections(organizationId: string, asked: string | undefined): Promise<readonly string[]> {
    const known = await knownCollections(organizationId);
    if (asked === undefined) return known;
    if (known.includes(asked)) return [asked];
    collectionsOf.delete(organizationId);
    if ((await knownCollections(organizationId)).includes(asked)) return [asked];
    throw new AppError('COLLECTION_NOT_FOUND', 'not-found', corpusErrors.COLLECTION_NOT_FOUND);
  }

  return {
    async open(organizationId, collectionId, atLeast) {
      const deadlineMs = clock.monotonicMs() + config.warmWaitMs;
      await follower.start();
      if (atLeast !== undefined && !(await follower.waitFor(atLeast, deadlineMs))) throw retryLater('SEARCH_BEHIND');
      const position = follower.position();
      if (position === undefined) throw retryLater('SEARCH_WARMING');
      const collectionIds = await wantedCollections(organizationId, collectionId);
      const opened = collectionIds.map(
        async (id): Promise<OpenIndex> => ({
          collectionId: id,
          ...(await loaded.open({ organizationId, collectionId: id })),
        }),
      );
      const remainingMs = Math.max(1, deadlineMs - clock.monotonicMs());
      const indexes = await withDeadline(Promise.all(opened), remainingMs, () => retryLater('SEARCH_WARMING'));
      return { indexes, position };
    },
    announce: follower.announce,
    forgetCollections,
    close: follower.close,
  };
}

function retryLater(code: 'SEARCH_WARMING' | 'SEARCH_BEHIND'): AppError {
  return new AppError(code, 'unavailable', corpusErrors[code], { details: { retryAfterSeconds: 1 } });
}
