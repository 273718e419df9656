/** Vectors for chunks that are stored already, made as they would be for a new document. */
import { createHash } from 'node:crypto';
import type { Gateway } from '#modules/gateway/index.ts';
import { toEmbeddingText } from '../embedding-text.ts';

export type StoredChunk = { title: string; headingPath: string[]; text: string };

export type EmbedChunks = (
  chunks: readonly StoredChunk[],
  signal: AbortSignal,
) => Promise<{ vector: Float32Array; embeddedTextHash: string }[]>;

/** What vectors are found again by: SHA-256 of what was embedded, hexadecimal. */
export const embeddedTextHashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const createEmbedChunks =
  ({ embed }: Pick<Gateway, 'embed'>): EmbedChunks =>
  async (chunks, signal) => {
    const texts = chunks.map((chunk) => toEmbeddingText(chunk.title, chunk));
    const vectors = await embed(texts, signal);
    return vectors.map((vector, index) => ({ vector, embeddedTextHash: embeddedTextHashOf(texts[index] ?? '') }));
  };
