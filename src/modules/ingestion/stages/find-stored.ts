/** Looks up what is stored of a document that somebody waits for; those who ask at the same time share the question. */
import type { DocumentKey, FoundDocument } from '#modules/corpus/index.ts';
import { beforeCommitIn } from '#platform/postgres/before-commit.ts';
import type { BatchDependencies } from './batch-work.ts';
import { gatherCalls } from './gather-calls.ts';

/** Undefined: nothing is stored under the key. Throws COLLECTION_NOT_FOUND. */
export type FindStored = (organizationId: string, key: DocumentKey) => Promise<FoundDocument | undefined>;

export function createFindStored({ corpus, config }: Pick<BatchDependencies, 'corpus' | 'config'>): FindStored {
  const gather = gatherCalls(corpus.findDocuments, { most: config.batchDocuments });
  return async (organizationId, key) => {
    // What this request adds to its transactions must be in its own, and in no other's.
    if (beforeCommitIn(organizationId) !== undefined) return (await corpus.findDocuments(organizationId, [key]))[0];
    return gather({ organizationId, key: JSON.stringify([key.collectionId, key.externalId]), value: key });
  };
}
