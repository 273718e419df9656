import { z } from 'zod';

export const ingestionConfig = z.strictObject({
  maxFileBytes: z.int().min(1).max(2_000_000_000).default(100_000_000).describe('Largest file taken, in bytes.'),
  maxTextCharacters: z
    .int()
    .min(1)
    .max(200_000_000)
    .default(60_000_000)
    .describe('Longest text of one document, in UTF-16 code units.'),
  chunkTokens: z
    .int()
    .min(50)
    .max(8_000)
    .default(400)
    .describe('Most tokens in a chunk, by the embedder’s own tokenizer.'),
  overlapTokens: z
    .int()
    .min(0)
    .max(1_000)
    .default(20)
    .describe('Most tokens that a chunk repeats of the one before, in whole sentences; 0 for none.'),
  embedBatch: z.int().min(1).max(100).default(32).describe('Chunks that are embedded in one call.'),
});

export type IngestionConfig = z.output<typeof ingestionConfig>;
