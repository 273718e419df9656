import { z } from 'zod';

/** Settings of the relay, which hands events on. */
export const eventsConfig = z.strictObject({
  intervalMs: z
    .int()
    .min(10)
    .max(1000)
    .default(500)
    .describe('How often an idle relay looks for events of other processes, in milliseconds.'),
  leaseMs: z
    .int()
    .min(1000)
    .max(120_000)
    .default(5000)
    .describe('A relay that was silent for so long is replaced by that of another process, in milliseconds.'),
  batchSize: z.int().min(1).max(1000).default(500).describe('Most events that are read at once.'),
  concurrency: z
    .int()
    .min(1)
    .max(32)
    .default(3)
    .describe('Organizations whose events are handed to one subscriber at the same time.'),
  maxAttempts: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Failures of one event at one subscriber before it becomes a dead letter.'),
  retentionDays: z
    .int()
    .min(1)
    .max(400)
    .default(30)
    .describe('How long delivered events are kept for replay, in days. What was not delivered stays.'),
  deadLetterDays: z.int().min(1).max(400).default(90).describe('How long dead letters are kept, in days.'),
});

export type EventsConfig = z.output<typeof eventsConfig>;
