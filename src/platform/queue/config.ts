import { z } from 'zod';

const durationMs = (least: number, most: number, standard: number) => z.int().min(least).max(most).default(standard);

/** The `worker` piece of the configuration: how jobs are taken from the queues and given back. */
export const queueConfig = z.strictObject({
  processes: z
    .int()
    .min(0)
    .max(64)
    .default(0)
    .describe('Worker processes that this one starts beside itself; 0: it does the jobs itself.'),
  pollIntervalMs: durationMs(100, 60_000, 1_000).describe(
    'A queue is looked at so often; a job that is sent wakes the workers at once.',
  ),
  heartbeatIntervalMs: durationMs(250, 5_000, 2_500).describe(
    'A worker says so often that it still has its jobs; after 10 s of silence they go to another.',
  ),
  superviseIntervalSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(5)
    .describe('Jobs of silent workers are looked for so often, by one of the workers.'),
  connections: z.int().min(1).max(20).default(3).describe('Connections of a worker process to the queues.'),
  drainTimeoutMs: durationMs(0, 600_000, 5_000).describe('A stop waits so long for the jobs in hand to end.'),
  handBackTimeoutMs: durationMs(100, 60_000, 2_000).describe(
    'Jobs that were told to stop have so long to do it; then they are given back without them.',
  ),
  jobTimeoutMs: durationMs(1_000, 86_400_000, 1_800_000).describe('Longest run of one job.'),
  firstRetryMs: durationMs(10, 600_000, 1_000).describe(
    'Wait before the second attempt; it doubles with each further one, up to `longestRetryMs`.',
  ),
  longestRetryMs: durationMs(10, 86_400_000, 300_000).describe('Longest wait between two attempts.'),
  maxConflicts: z.int().min(1).max(20).default(3).describe('Attempts at a job that meets conflicts.'),
  maxSameFailure: z
    .int()
    .min(2)
    .max(100)
    .default(3)
    .describe('A job that fails in the same way so many times in a row is poison and tried no more.'),
  maxLost: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe('A job that was lost so many times in a row, because its worker died, is tried no more.'),
  deadLetterDays: z.int().min(1).max(3_650).default(30).describe('Dead jobs are kept so long.'),
});

export type QueueConfig = z.output<typeof queueConfig>;
