import { z } from 'zod';

/** How a question becomes passages. */
export const retrievalConfig = z.strictObject({
  depth: z
    .number()
    .int()
    .min(10)
    .max(1_000)
    .default(200)
    .describe('Hits that each leg gives to the fusion, 10 to 1,000. Default 200.'),
  legDeadlineMs: z
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(2_000)
    .describe(
      'Longest wait for one leg, in milliseconds; a later one is left out and named. Default 2,000, which a remote embedding model needs.',
    ),
  vectorWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe(
      'Share of the cosine in the fused score, 0 to 1; the rest is the keyword leg’s. Default 0.1, measured for the static model that comes along.',
    ),
});

/** Retrieval's piece of the configuration, parsed. */
export type RetrievalConfig = z.output<typeof retrievalConfig>;
