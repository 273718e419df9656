/**
 * Chunks of new documents that are many, written before their collection is locked, so that others need not wait for them.
 * Nobody sees them before the commit, which checks that each has its document.
 */
import type { Ids } from '#platform/ids.ts';
import type { NewDocument, VectorSpace } from '../service.ts';
import { type CorpusTransaction, findDocumentRows, findSpace } from '../store.ts';
import { slicesOf, toChunkRows } from './document-rows.ts';
import { defaultCollection } from './places.ts';
import { checkChunksAtCommit, forgetPlans, insertChunks } from './store.ts';

/** Fewer hold nobody up for long: a chunk with its vector takes 0.08 ms. */
const fewestChunks = 200;

/**
 * The ids that these documents must get; none when any of them is there already. Writing the chunks of a known one would
 * lock its old ones, for which a holder of the collection may wait; and its events would be told in the order in which
 * the transactions began, not in that in which they had the collection.
 */
export async function insertAhead(
  transaction: CorpusTransaction,
  { organizationId, documents }: { organizationId: string; documents: readonly NewDocument[] },
  { ids, space }: { ids: Ids; space: VectorSpace },
): Promise<ReadonlyMap<NewDocument, string>> {
  const none = new Map<NewDocument, string>();
  const count = documents.reduce((sum, { chunks }) => sum + chunks.length, 0);
  if (count < fewestChunks || new Set(documents.map(({ collectionId }) => collectionId)).size > 1) return none;
  const spaceId = await findSpace(transaction, space);
  if (spaceId === undefined) return none;
  const latest = [...new Map(documents.map((document) => [document.externalId, document])).values()];
  const known = await findDocumentRows(transaction, { keys: latest, defaultCollection });
  if (known.length > 0) return none;
  const ahead = new Map(latest.map((document) => [document, ids.next()]));
  await checkChunksAtCommit(transaction);
  await forgetPlans(transaction);
  const pieces = [...ahead].map(([document, id]) => ({ document, id }));
  for (const slice of slicesOf(toChunkRows(pieces, ids)))
    await insertChunks(transaction, { organizationId, spaceId }, slice);
  return ahead;
}
