import { z } from 'zod';
import { secretSchema } from '#platform/configuration/secret-schema.ts';

const milliseconds = (fallback: number, meaning: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(3_600_000)
    .default(fallback)
    .describe(`${meaning}, in milliseconds. Default ${fallback}.`);

const address = (meaning: string) =>
  z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(meaning);

/** Where models are reached and how long they may take. */
export const gatewayConfig = z.strictObject({
  provider: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/)
    .default('openai')
    .describe('Which provider answers: a name out of `chatModelProviders`. Default `openai`.'),
  model: z
    .string()
    .min(1)
    .max(200)
    .default('gpt-4o-mini')
    .describe('The language model, by the name that its provider gives it. Default `gpt-4o-mini`.'),
  openai: z
    .strictObject({
      baseUrl: address(
        'Root of an OpenAI-compatible API, ending in `/v1`; also from OPENAI_BASE_URL. Default, when there is a key: https://api.openai.com/v1.',
      ),
      apiKey: secretSchema.optional().describe('Key of that API; also from OPENAI_API_KEY. Default: none is sent.'),
    })
    .prefault({})
    .describe('Without an address and without a key no language model is used: answers are extractive.'),
  endpoint: z
    .strictObject({
      baseUrl: address('Where the provider named in `provider` listens, for providers other than `openai`.'),
      apiKey: secretSchema.optional().describe('Its key. Never sent to another provider.'),
    })
    .prefault({})
    .describe('The address of providers other than `openai`.'),
  connectTimeoutMs: milliseconds(5_000, 'Longest wait for a connection'),
  firstByteTimeoutMs: milliseconds(60_000, 'Longest wait from the request to the first byte of the answer'),
  idleTimeoutMs: milliseconds(30_000, 'Longest silence inside an answer'),
  totalTimeoutMs: milliseconds(180_000, 'Longest answer from request to end, retries included'),
  maxAttempts: z
    .number()
    .int()
    .min(1)
    .max(5)
    .default(3)
    .describe('Attempts of one call that fails before its first word, the first included, 1 to 5. Default 3.'),
  maxAnswerBytes: z
    .number()
    .int()
    .min(1_024)
    .max(64 * 1_048_576)
    .default(4 * 1_048_576)
    .describe('Most bytes that a provider may send for one answer, event framing included. Default 4 MiB.'),
  maxEventCharacters: z
    .number()
    .int()
    .min(256)
    .max(16 * 1_048_576)
    .default(1_048_576)
    .describe('Longest single event of a stream, in characters. Default 1,048,576.'),
  maxEmbedBatch: z
    .number()
    .int()
    .min(1)
    .max(2_048)
    .default(64)
    .describe('Most texts that go to the embedder at once, 1 to 2,048. Default 64.'),
  maxConcurrentEmbedBatches: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Most batches at the embedder at once over all callers, 1 to 64. Default 4.'),
});

/** The gateway's piece of the configuration, parsed. */
export type GatewayConfig = z.output<typeof gatewayConfig>;
