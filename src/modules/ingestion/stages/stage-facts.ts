/** What is announced of a document that went through the stages. Pure. */
import type { Gateway } from '#modules/gateway/index.ts';
import { mostChunkIdsTold } from '../events.ts';
import type { Fact } from '../record-facts.ts';
import type { Prepared } from './prepare-document.ts';

/** How many `stageFacts` gives. */
export const factsPerDocument = 3;

/** In the order of the stages. */
export function stageFacts(
  { analysis, chunks }: Prepared,
  { itemId, documentId, chunkIds }: { itemId: string; documentId: string; chunkIds: readonly string[] },
  space: Gateway['embeddingSpace'],
): Fact[] {
  const subject = { document_id: documentId, item_id: itemId };
  const { type, category, confidence, tags, routingHint } = analysis.classification;
  return [
    {
      type: 'document.classified',
      itemId,
      data: {
        ...subject,
        classification: { type, category },
        confidence,
        tags,
        ...(routingHint !== undefined && { routing_hint: routingHint }),
      },
    },
    {
      type: 'document.chunked',
      itemId,
      data: {
        ...subject,
        chunk_count: chunks.length,
        total_tokens: chunks.reduce((sum, { tokens }) => sum + tokens, 0),
        chunk_ids: chunkIds.slice(0, mostChunkIdsTold),
      },
    },
    {
      type: 'document.embedded',
      itemId,
      data: {
        ...subject,
        embedding_model: `${space.provider}:${space.model}`,
        vector_count: chunks.length,
        dimensions: space.dimensions,
      },
    },
  ];
}
