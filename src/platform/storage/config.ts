import { z } from 'zod';

export const storageConfig = z.strictObject({
  reserveMegabytes: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(64)
    .describe(
      'Free space of the home’s disk below which new documents are refused and the queue waits, so that the database can go on; 0 turns it off.',
    ),
});

export type StorageConfig = z.output<typeof storageConfig>;
