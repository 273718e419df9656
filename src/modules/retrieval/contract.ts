/** What crosses HTTP about searching. Pure: the browser loads it too. */
import { z } from 'zod';
import { idSchema, passageSchema } from '../corpus/contract.ts';

export const searchQuery = z.strictObject({
  query: z.string().trim().min(1).max(2000).describe('1 to 2,000 characters.'),
  limit: z.coerce.number().int().min(1).max(50).default(8).describe('Most passages to return, 1 to 50.'),
  collection_id: idSchema.optional().describe('Default: every collection of the organization.'),
  at_least: z.string().max(100).optional().describe('Position that the index must have reached; waits up to 2 s.'),
});

export const searchReply = z.strictObject({
  query: z.string(),
  passages: z.array(
    passageSchema.extend({
      score: z.number().min(0).max(1).describe('Similarity, larger is better.'),
      legs: z
        .record(z.string(), z.strictObject({ rank: z.number().int().min(1), score: z.number() }))
        .describe('Rank and raw score in each leg that found it.'),
    }),
  ),
  position: z.string().describe('Position of the index that answered.'),
  took_ms: z.number(),
  missing_legs: z.array(z.string()).describe('Legs that were late or failed; empty when all answered.'),
});

export type SearchReply = z.output<typeof searchReply>;
