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
  changeRetentionDays: z
    .number()
    .int()
    .min(1)
    .max(400)
    .default(30)
    .describe('How long the log of changes is kept, in days.'),
});

export type CorpusConfig = z.output<typeof corpusConfig>;
