import { z } from 'zod';

export const corpusConfig = z.strictObject({
  followIntervalMs: z
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(250)
    .describe('How often an idle process looks for changes that other processes made, in milliseconds.'),
  warmWaitMs: z
    .number()
    .int()
    .min(0)
    .max(30_000)
    .default(2000)
    .describe('How long a search waits for a cold index or for the position it asked for, in milliseconds.'),
  maxLoadedChunks: z
    .number()
    .int()
    .min(1000)
    .default(500_000)
    .describe('Most chunks whose index is kept in memory; the least recently used collections are put out first.'),
  maxEntitiesPerDocument: z
    .number()
    .int()
    .min(0)
    .max(2000)
    .default(200)
    .describe('Most things that a document is known to name; those that it mentions least often are left out.'),
  maxBatchBytes: z
    .number()
    .int()
    .min(2 ** 20)
    .max(2 ** 30)
    .default(256 * 2 ** 20)
    .describe('Most text and vectors that one call may write, in bytes; all of it is one transaction.'),
  changeRetentionDays: z
    .number()
    .int()
    .min(1)
    .max(400)
    .default(30)
    .describe('How long the log of changes is kept, in days.'),
});

export type CorpusConfig = z.output<typeof corpusConfig>;
