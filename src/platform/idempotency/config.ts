import { z } from 'zod';

export const idempotencyConfig = z.strictObject({
  keepHours: z
    .int()
    .min(1)
    .max(30 * 24)
    .default(24)
    .describe('How long a reply is repeated to the same Idempotency-Key; afterwards the key counts as new.'),
  maxReplyBytes: z
    .int()
    .min(1_000)
    .max(16_000_000)
    .default(1_000_000)
    .describe('Largest reply that is kept; of a larger one only the fact is known that it was carried out.'),
});

export type IdempotencyConfig = z.output<typeof idempotencyConfig>;
