import { z } from 'zod';

/** Limits around the child processes that read untrusted files. */
export const sandboxConfig = z.strictObject({
  size: z.int().min(1).max(64).default(2).describe('Child processes that may work at the same time.'),
  quickSize: z
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe(
      'Child processes beside these that only small text files may use, so that they do not wait for large ones.',
    ),
  minStrength: z
    .int()
    .min(0)
    .max(3)
    .default(1)
    .describe(
      'Weakest isolation to read files in: 3 bubblewrap (no network, files or processes), 1 limits of the kernel and Node permissions, 0 Node permissions alone. Weaker is refused; for production set 3.',
    ),
  deadlineMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(30_000)
    .describe('Longest time for one file; then the child is killed.'),
  maxMemoryMegabytes: z
    .int()
    .min(64)
    .max(16_384)
    .default(512)
    .describe('Resident memory that no child exceeds; one that comes near is killed.'),
  maxReplyBytes: z
    .int()
    .min(1_000)
    .max(1_000_000_000)
    .default(256_000_000)
    .describe('Largest answer taken from a child.'),
  maxQueued: z
    .int()
    .min(0)
    .max(10_000)
    .default(256)
    .describe('Files that may wait for a child; more are refused as busy.'),
  idleMs: z.int().min(0).max(3_600_000).default(10_000).describe('An idle child ends after this time.'),
  maxJobs: z.int().min(1).max(100_000).default(1_000).describe('A child is replaced after this many files.'),
  startDeadlineMs: z.int().min(100).max(60_000).default(10_000).describe('Longest time for a child to become ready.'),
});

export type SandboxConfig = z.output<typeof sandboxConfig>;
