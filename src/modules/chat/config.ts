import { z } from 'zod';

/** How answers are made. */
export const chatConfig = z.strictObject({
  passages: z
    .number()
    .int()
    .min(1)
    .max(50)
    .default(8)
    .describe('Passages asked of retrieval for one question, 1 to 50. Default 8.'),
  contextTokens: z
    .number()
    .int()
    .min(100)
    .max(100_000)
    .default(2_000)
    .describe('Most tokens of passages in a prompt. Default 2,000.'),
  extractiveSentences: z
    .number()
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Most sentences of an answer made without a language model, 1 to 10. Default 3.'),
  historyMessages: z
    .number()
    .int()
    .min(0)
    .max(50)
    .default(6)
    .describe('Most earlier messages of the conversation that are looked at, 0 to 50. Default 6.'),
  historyTokens: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(1_000)
    .describe('Most tokens of earlier messages in a prompt. Default 1,000.'),
  hopelessScore: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('Below this answerability a language model is not even asked, 0 to 1. Default 0.05.'),
});

/** The chat's piece of the configuration, parsed. */
export type ChatConfig = z.output<typeof chatConfig>;
