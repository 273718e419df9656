/** Showing what is there: pages of documents and collections, texts, passages. */
import { AppError } from '#platform/errors.ts';
import { corpusErrors } from './errors.ts';
import type { Corpus, CorpusDependencies, Page } from './service.ts';
import {
  findListedDocument,
  listCollectionRows,
  listDocumentRows,
  listEntityRows,
  readDocumentText,
  readPassageRows,
} from './store.ts';

type Reading = Pick<Corpus, 'listDocuments' | 'readDocument' | 'readText' | 'listCollections' | 'readPassages'>;

/** Longest piece of a document's text that one call gives, in UTF-16 code units. */
const longestTextSlice = 200_000;

/** The largest that `corpus.maxEntitiesPerDocument` can be. */
const mostEntitiesShown = 2000;

export function createReading({ db, cursors }: Pick<CorpusDependencies, 'db' | 'cursors'>): Reading {
  function toPage<Item extends { id: string }>(list: string, filter: unknown, rows: Item[], limit: number): Page<Item> {
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return { items, nextCursor: last && cursors.write(list, filter, { sortKey: '', id: last.id }) };
  }
  const afterOf = (list: string, filter: unknown, cursor: string | undefined) =>
    cursor === undefined ? undefined : cursors.read(list, filter, cursor).id;

  return {
    async listDocuments(organizationId, { cursor, limit, ...asked }) {
      const { collectionId, externalId, language, type, category, tag } = asked;
      const filter = { collectionId, externalId, language, type, category, tag };
      const sealed = { organizationId, ...filter };
      const afterId = afterOf('documents', sealed, cursor);
      const rows = await db.inOrganization(organizationId, (transaction) =>
        listDocumentRows(transaction, { ...filter, afterId, limit: limit + 1 }),
      );
      return toPage('documents', sealed, rows, limit);
    },
    async readDocument(organizationId, documentId) {
      const found = await db.inOrganization(organizationId, async (transaction) => {
        const row = await findListedDocument(transaction, documentId);
        return row && { ...row, entities: await listEntityRows(transaction, documentId, mostEntitiesShown) };
      });
      if (found === undefined) throw documentNotFound();
      return found;
    },
    async readText(organizationId, documentId, span) {
      const row = await db.inOrganization(organizationId, (transaction) => readDocumentText(transaction, documentId));
      if (row === undefined) throw documentNotFound();
      const characters = row.text.length;
      const start = Math.min(span.start, characters);
      const end = Math.max(start, Math.min(span.end ?? characters, characters, start + longestTextSlice));
      return { title: row.title, text: row.text.slice(start, end), start, end, characters };
    },
    async listCollections(organizationId, { cursor, limit }) {
      const afterId = afterOf('collections', { organizationId }, cursor);
      const rows = await db.inOrganization(organizationId, (transaction) =>
        listCollectionRows(transaction, { afterId, limit: limit + 1 }),
      );
      const collections = rows.map((row) => ({ ...row, documents: Number(row.documents) }));
      return toPage('collections', { organizationId }, collections, limit);
    },
    async readPassages(organizationId, chunkIds) {
      if (chunkIds.length === 0) return [];
      const rows = await db.inOrganization(organizationId, (transaction) => readPassageRows(transaction, chunkIds));
      const byId = new Map(rows.map((row) => [row.chunkId, { ...row, page: row.page ?? undefined }]));
      return chunkIds.flatMap((chunkId) => byId.get(chunkId) ?? []);
    },
  };
}

function documentNotFound(): AppError {
  return new AppError('DOCUMENT_NOT_FOUND', 'not-found', corpusErrors.DOCUMENT_NOT_FOUND);
}
