import { z } from 'zod';

/** How quality is measured. */
export const evaluationConfig = z.strictObject({
  resamples: z
    .number()
    .int()
    .min(1_000)
    .max(100_000)
    .default(2_000)
    .describe('Bootstrap resamples behind each interval, 1,000 to 100,000. Default 2,000.'),
  maxLines: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(500_000)
    .describe('Most lines that a file of a benchmark may have. Default 500,000.'),
});

/** Evaluation's piece of the configuration, parsed. */
export type EvaluationConfig = z.output<typeof evaluationConfig>;
