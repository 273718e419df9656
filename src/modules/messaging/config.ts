import { z } from 'zod';

export const messagingConfig = z.strictObject({
  webhooks: z
    .strictObject({
      allowPrivateAddresses: z
        .boolean()
        .default(false)
        .describe('Lets webhooks reach this machine and private networks, and lets them use http.'),
      maxPerOrganization: z.int().min(1).max(1000).default(50).describe('Webhooks that one organization may have.'),
      timeoutMs: z.int().min(100).max(60_000).default(15_000).describe('Longest wait for a receiver, in milliseconds.'),
      maxResponseBytes: z
        .int()
        .min(1024)
        .max(1_048_576)
        .default(65_536)
        .describe('Of a longer answer the rest is not read, in bytes.'),
      concurrency: z.int().min(1).max(200).default(16).describe('Endpoints that are served at the same time.'),
      intervalMs: z
        .int()
        .min(10)
        .max(10_000)
        .default(500)
        .describe('How often the sender looks for what is due, in milliseconds.'),
      firstRetryMs: z
        .int()
        .min(10)
        .max(600_000)
        .default(5000)
        .describe('Wait after the first failure; it doubles with each further one, in milliseconds.'),
      longestRetryMs: z
        .int()
        .min(100)
        .max(86_400_000)
        .default(3_600_000)
        .describe('Longest wait between two attempts, in milliseconds.'),
      giveUpAfterHours: z
        .number()
        .min(0.001)
        .max(168)
        .default(24)
        .describe('A delivery that failed for so long becomes a dead letter, and its webhook is disabled, in hours.'),
      deliveredDays: z.int().min(1).max(400).default(7).describe('How long finished deliveries are kept, in days.'),
      deadDays: z.int().min(1).max(400).default(30).describe('How long dead letters are kept, in days.'),
    })
    .prefault({}),
});

export type MessagingConfig = z.output<typeof messagingConfig>;
export type WebhooksConfig = MessagingConfig['webhooks'];
