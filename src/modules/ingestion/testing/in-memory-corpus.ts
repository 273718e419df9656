import type { Corpus, NewDocument } from '#modules/corpus/index.ts';

/** The part of the corpus that ingestion writes to, without a database. */
export function createInMemoryCorpus(): Pick<Corpus, 'findDocument' | 'replaceDocument'> & {
  stored: Map<string, NewDocument>;
} {
  const stored = new Map<string, NewDocument>();
  let position = 0;
  const keyOf = (organizationId: string, collectionId: string | undefined, externalId: string): string =>
    JSON.stringify([organizationId, collectionId, externalId]);
  return {
    stored,
    async findDocument(organizationId, { collectionId, externalId }) {
      const documentId = keyOf(organizationId, collectionId, externalId);
      const document = stored.get(documentId);
      if (document === undefined) return undefined;
      const { title, contentHash, pipeline, chunks } = document;
      return { documentId, title, contentHash, pipeline, chunks: chunks.length, position: String(position) };
    },
    async replaceDocument(organizationId, document) {
      const documentId = keyOf(organizationId, document.collectionId, document.externalId);
      const outcome = stored.has(documentId) ? 'updated' : 'created';
      stored.set(documentId, document);
      position += 1;
      return { documentId, outcome, chunks: document.chunks.length, position: String(position) };
    },
  };
}
