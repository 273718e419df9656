/** Writing documents: one transaction each, with its row in the change log and its event. */
import { AppError, assert } from '#platform/errors.ts';
import { recordEvent } from '#platform/events/index.ts';
import { formatPosition, type Position } from '#platform/postgres/change-order.ts';
import { isForeignKeyViolation } from '#platform/postgres/errors.ts';
import { corpusErrors } from './errors.ts';
import type { Corpus, CorpusDependencies, NewDocument } from './service.ts';
import {
  type CollectionReference,
  type CorpusTransaction,
  collectionExists,
  deleteChunks,
  deleteDocumentRow,
  ensureCollection,
  ensureSpace,
  findDocumentRow,
  findPlace,
  insertChunks,
  recordChange,
  upsertDocument,
} from './store.ts';
import { toVectorBytes } from './vector-bytes.ts';

type Dependencies = Pick<CorpusDependencies, 'db' | 'ids' | 'space'> & {
  /** Called after a commit with the position of the change. */
  onCommit: (position: Position) => void;
};

const defaultCollection = 'default';

export function createDocuments({
  db,
  ids,
  space,
  onCommit,
}: Dependencies): Pick<Corpus, 'findDocument' | 'replaceDocument' | 'deleteDocument'> {
  /** The ids of collection and space; `default` and the space are made when they are missing. */
  async function placeOf(transaction: CorpusTransaction, organizationId: string, asked: string | undefined) {
    const found = await findPlace(transaction, referenceTo(asked), space);
    if (found.collectionId === null && asked !== undefined) throw collectionNotFound();
    const collection = { organizationId, id: ids.next(), name: defaultCollection };
    return {
      collectionId: found.collectionId ?? (await ensureCollection(transaction, collection)),
      spaceId:
        found.spaceId ??
        (await ensureSpace(transaction, { organization_id: organizationId, id: ids.next(), ...space })),
    };
  }

  async function write(transaction: CorpusTransaction, organizationId: string, document: NewDocument) {
    requireDimensions(document, space.dimensions);
    const { collectionId, spaceId } = await placeOf(transaction, organizationId, document.collectionId);
    const changeId = ids.next();
    const row = await upsertDocument(transaction, {
      organization_id: organizationId,
      id: ids.next(),
      collection_id: collectionId,
      change_id: changeId,
      ...toColumns(document),
    });
    const chunks = document.chunks.map((chunk) => ({
      ...chunk,
      id: ids.next(),
      vector: chunk.vector === undefined ? undefined : toVectorBytes(chunk.vector),
    }));
    if (!row.created) await deleteChunks(transaction, row.id);
    await insertChunks(transaction, { organizationId, documentId: row.id, spaceId }, chunks);
    const subject = { collection_id: collectionId, document_id: row.id };
    await recordChange(transaction, { organization_id: organizationId, id: changeId, kind: 'upsert', ...subject });
    await recordEvent(transaction, { id: ids.next(), organizationId, type: 'document.indexed', subject });
    return { documentId: row.id, created: row.created, position: { xid: row.changeXid, id: changeId } };
  }

  return {
    findDocument: (organizationId, { collectionId, externalId }) =>
      db.inOrganization(organizationId, async (transaction) => {
        const row = await findDocumentRow(transaction, { collection: referenceTo(collectionId), externalId });
        if (row === undefined) {
          if (collectionId === undefined || (await collectionExists(transaction, collectionId))) return undefined;
          throw collectionNotFound();
        }
        return {
          documentId: row.id,
          title: row.title,
          contentHash: row.content_hash,
          pipeline: row.pipeline,
          chunks: row.chunk_count,
          position: formatPosition({ xid: row.change_xid, id: row.change_id }),
        };
      }),
    async replaceDocument(organizationId, document) {
      const written = await db
        .inOrganization(organizationId, (transaction) => write(transaction, organizationId, document))
        .catch(rethrowLostCollection);
      onCommit(written.position);
      return {
        documentId: written.documentId,
        outcome: written.created ? 'created' : 'updated',
        chunks: document.chunks.length,
        position: formatPosition(written.position),
      };
    },
    async deleteDocument(organizationId, documentId) {
      const change = await db.inOrganization(organizationId, async (transaction) => {
        const deleted = await deleteDocumentRow(transaction, documentId);
        if (deleted === undefined) {
          throw new AppError('DOCUMENT_NOT_FOUND', 'not-found', corpusErrors.DOCUMENT_NOT_FOUND);
        }
        const subject = { collection_id: deleted.collection_id, document_id: documentId };
        await recordEvent(transaction, { id: ids.next(), organizationId, type: 'document.deleted', subject });
        return recordChange(transaction, {
          organization_id: organizationId,
          id: ids.next(),
          kind: 'delete',
          ...subject,
        });
      });
      onCommit(change);
      return { position: formatPosition(change) };
    },
  };
}

const referenceTo = (asked: string | undefined): CollectionReference =>
  asked === undefined ? { name: defaultCollection } : { id: asked };

/** An index cannot take any other vector, and would fail at every loading. */
function requireDimensions({ chunks }: NewDocument, dimensions: number): void {
  const fits = chunks.every(({ vector }) => vector === undefined || vector.length === dimensions);
  assert(fits, 'A vector has the length of its embedding space.');
}

/** The collection was there when it was looked up, and somebody else has deleted it since. */
function rethrowLostCollection(error: unknown): never {
  throw isForeignKeyViolation(error, 'corpus_documents_collection_fkey') ? collectionNotFound(error) : error;
}

function collectionNotFound(cause?: unknown): AppError {
  return new AppError('COLLECTION_NOT_FOUND', 'not-found', corpusErrors.COLLECTION_NOT_FOUND, { cause });
}

function toColumns(document: NewDocument) {
  return {
    external_id: document.externalId,
    title: document.title,
    media_type: document.mediaType,
    content_hash: document.contentHash,
    size_bytes: document.sizeBytes,
    text: document.text,
    characters: document.text.length,
    chunk_count: document.chunks.length,
    pipeline: document.pipeline,
  };
}
