/** Documents, their chunks and the index over them. */
import { formatPosition, type Position, parsePosition, withoutRow } from '#platform/postgres/change-order.ts';
import { createCollections } from './collections.ts';
import { createDocuments } from './documents.ts';
import { createCollectionIndexes } from './indexes/collection-indexes.ts';
import { createIndexSource } from './indexes/index-source.ts';
import { createReading } from './reading.ts';
import type { Corpus, CorpusDependencies } from './service.ts';
import { createReembedding } from './spaces/reembed-some.ts';
import { createSpaces } from './spaces/spaces.ts';
import { pruneChanges } from './store.ts';

/** Deleted in one transaction: few enough to end long before the statement's deadline. */
const changesPerPrune = 10_000;
const mostPruneBatches = 1000;

export function createCorpus(dependencies: CorpusDependencies): Corpus {
  const { db, space, clock, config } = dependencies;
  const indexes = createCollectionIndexes({
    source: createIndexSource(db, space),
    createIndex: () => dependencies.createIndex(space.dimensions),
    clock,
    config,
    onFollowError: dependencies.onFollowError,
    ...(dependencies.onIndexed === undefined ? {} : { onIndexed: dependencies.onIndexed }),
  });
  const onCommit = (position: Position) => indexes.announce(position);

  const spaces = createSpaces({ ...dependencies, onCommit });

  return {
    ...spaces,
    reembedSome: createReembedding(spaces, space),
    ...createReading(dependencies),
    ...createDocuments({ ...dependencies, onCommit }),
    ...createCollections({ ...dependencies, onChange: indexes.forgetCollections }),
    async openIndexes(organizationId, { collectionId, atLeast }) {
      const opened = await indexes.open(
        organizationId,
        collectionId,
        atLeast === undefined ? undefined : parsePosition(atLeast),
      );
      return { indexes: opened.indexes, position: formatPosition(withoutRow(opened.position)) };
    },
    async pruneChanges() {
      let removed = 0;
      for (let batch = 0; batch < mostPruneBatches; batch += 1) {
        const query = { keepDays: config.changeRetentionDays, limit: changesPerPrune };
        const found = await db.asSystem('prune the change log', (transaction) => pruneChanges(transaction, query));
        removed += found;
        if (found < changesPerPrune) break;
      }
      return removed;
    },
    close: indexes.close,
  };
}
