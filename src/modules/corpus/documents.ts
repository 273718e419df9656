/** Finding, writing and deleting documents: one transaction a call, with its rows in the change log and its events. */
import { AppError, assert } from '#platform/errors.ts';
import { recordEvents } from '#platform/events/index.ts';
import { formatPosition, type Position } from '#platform/postgres/change-order.ts';
import type { Transaction } from '#platform/postgres/ports.ts';
import type { CorpusConfig } from './config.ts';
import { settleDuplicates } from './duplicates/settle-duplicates.ts';
import { corpusErrors } from './errors.ts';
import {
  type Corpus,
  type CorpusDependencies,
  mostDocumentsAtOnce,
  type NewDocument,
  type Replaced,
  type WriteOptions,
} from './service.ts';
import { type CorpusTransaction, findDocumentRows, findPresentCollections } from './store.ts';
import { weightOf } from './writing/document-rows.ts';
import { collectionNotFound, defaultCollection } from './writing/places.ts';
import { deleteDocumentRows, findPlacesOf, lockCollections, recordChanges } from './writing/store.ts';
import { createDocumentWriter, type Written } from './writing/write-documents.ts';

type Dependencies = Pick<CorpusDependencies, 'db' | 'ids' | 'clock' | 'space' | 'config'> & {
  /** Called after a commit with the position of the last change. */
  onCommit: (position: Position) => void;
};

type Documents = Pick<
  Corpus,
  'findDocument' | 'findDocuments' | 'replaceDocument' | 'replaceDocuments' | 'deleteDocument' | 'deleteDocuments'
>;

export function createDocuments(dependencies: Dependencies): Documents {
  const { db } = dependencies;
  const findDocuments: Corpus['findDocuments'] = async (organizationId, keys) => {
    if (keys.length === 0) return [];
    requireFewEnough(keys.length);
    return db.inOrganization(organizationId, async (transaction) => {
      const rows = await findDocumentRows(transaction, { keys, defaultCollection });
      const asked = keys.map(({ collectionId }) => collectionId).filter((id) => id !== undefined);
      if (rows.length < keys.length && asked.length > 0) {
        const present = await findPresentCollections(transaction, asked);
        if (asked.some((id) => !present.has(id))) throw collectionNotFound();
      }
      const found = new Map(rows.map((row) => [row.place, row]));
      return keys.map((_, place) => {
        const row = found.get(place);
        if (row === undefined) return undefined;
        const { change_xid: xid, change_id: id, place: _place, ...document } = row;
        return { ...document, position: formatPosition({ xid, id }) };
      });
    });
  };
  return {
    findDocuments,
    findDocument: async (organizationId, key) => (await findDocuments(organizationId, [key]))[0],
    ...createReplacing(dependencies),
    ...createDeleting(dependencies),
  };
}

function createReplacing(dependencies: Dependencies): Pick<Corpus, 'replaceDocument' | 'replaceDocuments'> {
  const { db, config, onCommit } = dependencies;
  const write = createDocumentWriter(dependencies);
  async function replaceDocuments<Tables>(
    organizationId: string,
    documents: readonly NewDocument[],
    { within, correlationId }: WriteOptions<Tables, readonly Replaced[]> = {},
  ): Promise<Replaced[]> {
    if (documents.length === 0) return [];
    requireFewEnough(documents.length);
    refuseLargeBatch(documents, config);
    const { written, replaced } = await db.inOrganization(organizationId, async (transaction) => {
      const answers = await write(transaction, { organizationId, documents, correlationId });
      const result = answers.map(toReplaced);
      await within?.(asSeenBy<Tables>(transaction), result);
      return { written: answers, replaced: result };
    });
    onCommit(lastOf(written.map(({ position }) => position)));
    return replaced;
  }
  return {
    replaceDocuments,
    async replaceDocument(organizationId, document, options) {
      const [replaced] = await replaceDocuments(organizationId, [document], options);
      assert(replaced !== undefined, 'Each document has its answer.');
      return replaced;
    },
  };
}

function createDeleting({ db, ids, onCommit }: Dependencies): Pick<Corpus, 'deleteDocument' | 'deleteDocuments'> {
  async function deleteDocuments<Tables>(
    organizationId: string,
    documentIds: readonly string[],
    { within, correlationId }: WriteOptions<Tables, readonly string[]> = {},
    mustExist = false,
  ): Promise<{ deleted: string[]; position: string | undefined }> {
    requireFewEnough(documentIds.length);
    const { deleted, position } = await db.inOrganization(organizationId, async (transaction) => {
      const rows = await deleteIn(transaction, organizationId, documentIds);
      if (mustExist && rows.length === 0) throw documentNotFound();
      const reached =
        rows.length === 0 ? undefined : await record(transaction, { organizationId, correlationId }, rows);
      const gone = rows.map(({ id }) => id);
      await within?.(asSeenBy<Tables>(transaction), gone);
      return { deleted: gone, position: reached };
    });
    if (position === undefined) return { deleted, position };
    onCommit(position);
    return { deleted, position: formatPosition(position) };
  }

  async function record(
    transaction: CorpusTransaction,
    { organizationId, correlationId }: { organizationId: string; correlationId: string | undefined },
    rows: readonly { id: string; collectionId: string }[],
  ): Promise<Position> {
    const changes = rows.map(({ id, collectionId }) => ({ id: ids.next(), collectionId, documentId: id }));
    const xid = await recordChanges(transaction, { organizationId, kind: 'delete' }, changes);
    const events = rows.map(({ id, collectionId }) => ({
      id: ids.next(),
      organizationId,
      type: 'document.deleted',
      data: { collection_id: collectionId, document_id: id },
      correlationId,
    }));
    await recordEvents(transaction, events);
    return lastOf(changes.map(({ id }) => ({ xid, id })));
  }

  return {
    deleteDocuments: (organizationId, documentIds, options) => deleteDocuments(organizationId, documentIds, options),
    async deleteDocument(organizationId, documentId, options) {
      const { position } = await deleteDocuments(organizationId, [documentId], options, true);
      assert(position !== undefined, 'What was deleted has its place in the order of changes.');
      return { position };
    },
  };
}

/** Their duplicates are linked anew before they go. */
async function deleteIn(transaction: CorpusTransaction, organizationId: string, documentIds: readonly string[]) {
  const places = await findPlacesOf(transaction, documentIds);
  if (places.length === 0) return [];
  await lockCollections(transaction, { ids: places.map(({ collectionId }) => collectionId), names: [] });
  for (const { collectionId, documentIds: ended } of places) {
    await settleDuplicates(transaction, { organizationId, collectionId }, { written: [], ended, texts: new Map() });
  }
  return deleteDocumentRows(transaction, documentIds);
}

/** The same connection, typed by the tables of whoever asked to run within the transaction. */
function asSeenBy<Tables>(transaction: CorpusTransaction): Transaction<Tables> {
  return transaction as unknown as Transaction<Tables>;
}

/** All of one transaction, so the largest id is the last. */
function lastOf(positions: readonly Position[]): Position {
  return positions.reduce((last, position) => (position.id > last.id ? position : last));
}

function toReplaced({ documentId, created, chunks, position }: Written): Replaced {
  return { documentId, outcome: created ? 'created' : 'updated', chunks, position: formatPosition(position) };
}

function requireFewEnough(count: number): void {
  assert(count <= mostDocumentsAtOnce, `At most ${mostDocumentsAtOnce} documents at once.`);
}

/** One document alone is always taken: how large it may be is for those to say who made it. */
function refuseLargeBatch(documents: readonly NewDocument[], { maxBatchBytes }: Pick<CorpusConfig, 'maxBatchBytes'>) {
  const bytes = documents.reduce((sum, document) => sum + weightOf(document), 0);
  if (documents.length === 1 || bytes <= maxBatchBytes) return;
  throw new AppError('BATCH_TOO_LARGE', 'too-large', corpusErrors.BATCH_TOO_LARGE, {
    details: { bytes, maxBatchBytes },
  });
}

function documentNotFound(): AppError {
  return new AppError('DOCUMENT_NOT_FOUND', 'not-found', corpusErrors.DOCUMENT_NOT_FOUND);
}
