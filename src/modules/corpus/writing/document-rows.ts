/** New documents as rows. */
import { createHash } from 'node:crypto';
import type { Ids } from '#platform/ids.ts';
import { bandsOf } from '#platform/text/min-hash-bands.ts';
import type { Compared } from '../duplicates/compare-documents.ts';
import type { NewDocument } from '../service.ts';
import { toVectorBytes } from '../vector-bytes.ts';
import { groupEntities } from './group-entities.ts';
import type { ChunkRow, DocumentRow, EntityRow } from './store.ts';

export function toDocumentRow(
  document: NewDocument,
  { id, collectionId }: { id: string; collectionId: string },
  ids: Ids,
): DocumentRow {
  const { externalId, title, mediaType, contentHash, sizeBytes, text, pipeline, sourceUrl, driveUrl } = document;
  const classification = document.analysis?.classification;
  return {
    id,
    changeId: ids.next(),
    collectionId,
    externalId,
    title,
    mediaType,
    contentHash,
    sizeBytes,
    text,
    chunkCount: document.chunks.length,
    pipeline,
    textHash: createHash('sha256').update(text).digest('hex'),
    language: document.analysis?.language,
    documentType: classification?.type,
    category: classification?.category,
    tags: classification?.tags ?? [],
    confidence: classification?.confidence,
    routingHint: classification?.routingHint,
    sourceUrl,
    driveUrl,
  };
}

/** Of documents with the ids that they are stored under; made one by one, as there may be very many. */
export function* toChunkRows(pieces: Iterable<{ document: NewDocument; id: string }>, ids: Ids): Generator<ChunkRow> {
  for (const { document, id: documentId } of pieces) {
    for (const { vector, embeddedTextHash, ...chunk } of document.chunks) {
      yield {
        ...chunk,
        id: chunk.id ?? ids.next(),
        documentId,
        vector: vector === undefined ? undefined : toVectorBytes(vector),
        textHash: embeddedTextHash,
      };
    }
  }
}

export function toEntityRows({ analysis }: NewDocument, documentId: string, ids: Ids, limit: number): EntityRow[] {
  return groupEntities(analysis?.entities ?? [], limit).map((group) => ({ ...group, id: ids.next(), documentId }));
}

export function toComparedDocument({ text, analysis }: NewDocument, id: string, textHash: string): Compared {
  const signature = analysis?.signature;
  const bands = signature === undefined ? [] : bandsOf(signature);
  return { id, textHash, characters: text.length, signature, bands };
}

/** What a document puts into the database, in bytes; near enough for a limit. */
export function weightOf({ text, chunks }: Pick<NewDocument, 'text' | 'chunks'>): number {
  return chunks.reduce((sum, chunk) => sum + chunk.text.length + (chunk.vector?.byteLength ?? 0), text.length);
}

/** Text and vectors of one statement, in bytes; more go in several, as others wait while its parameters are written. */
const statementBytes = 2 ** 17;

/** Parts that one statement takes, in their order. */
export function* slicesOf(chunks: Iterable<ChunkRow>): Generator<ChunkRow[]> {
  let slice: ChunkRow[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    slice.push(chunk);
    bytes += chunk.text.length + (chunk.vector?.byteLength ?? 0);
    if (bytes < statementBytes) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield slice;
}
