/** Writing documents: one transaction each, with its row in the change log and its event. */
import { AppError } from '#platform/errors.ts';
import { recordEvent } from '#platform/events/index.ts';
import { formatPosition, type Position } from '#platform/postgres/change-order.ts';
import { corpusErrors } from './errors.ts';
import type { Corpus, CorpusDependencies, NewDocument } from './service.ts';
import {
  type CorpusTransaction,
  collectionExists,
  deleteDocumentRow,
  ensureCollection,
  ensureSpace,
  findDocumentRow,
  recordChange,
  replaceChunks,
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
  async function collectionOf(transaction: CorpusTransaction, organizationId: string, asked: string | undefined) {
    if (asked === undefined) {
      return ensureCollection(transaction, { organizationId, id: ids.next(), name: defaultCollection });
    }
    if (await collectionExists(transaction, asked)) return asked;
    throw new AppError('COLLECTION_NOT_FOUND', 'not-found', corpusErrors.COLLECTION_NOT_FOUND);
  }

  async function write(transaction: CorpusTransaction, organizationId: string, document: NewDocument) {
    const collectionId = await collectionOf(transaction, organizationId, document.collectionId);
    const spaceId = await ensureSpace(transaction, { organization_id: organizationId, id: ids.next(), ...space });
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
    await replaceChunks(transaction, { organizationId, documentId: row.id, spaceId }, chunks);
    const subject = { collection_id: collectionId, document_id: row.id };
    await recordChange(transaction, { organization_id: organizationId, id: changeId, kind: 'upsert', ...subject });
    await recordEvent(transaction, { id: ids.next(), organizationId, type: 'document.indexed', subject });
    return { documentId: row.id, created: row.created, position: { xid: row.changeXid, id: changeId } };
  }

  return {
    findDocument: (organizationId, { collectionId, externalId }) =>
      db.inOrganization(organizationId, async (transaction) => {
        const key = { collectionId: await collectionOf(transaction, organizationId, collectionId), externalId };
        const row = await findDocumentRow(transaction, key);
        if (row === undefined) return undefined;
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
      const written = await db.inOrganization(organizationId, (transaction) =>
        write(transaction, organizationId, document),
      );
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
