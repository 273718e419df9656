import { z } from 'zod';
import { chunkerNames } from './chunkers/chunker-names.ts';
import { sourceSettings } from './sources/config.ts';

export const ingestionConfig = z.strictObject({
  maxFileBytes: z.int().min(1).max(2_000_000_000).default(100_000_000).describe('Largest file taken, in bytes.'),
  maxTextCharacters: z
    .int()
    .min(1)
    .max(200_000_000)
    .default(60_000_000)
    .describe('Longest text of one document, in UTF-16 code units.'),
  chunker: z
    .enum(chunkerNames)
    .default('semantic')
    .describe(
      'How texts are cut: semantic (along sections and paragraphs), markdown (never two sections in a chunk), fixed, sliding, sentence or paragraph.',
    ),
  chunkTokens: z
    .int()
    .min(50)
    .max(8_000)
    .default(400)
    .describe('Most tokens in a chunk, by the embedder’s own tokenizer.'),
  overlapTokens: z
    .int()
    .min(0)
    .max(1_000)
    .default(20)
    .describe('Most tokens that a chunk repeats of the one before, in whole sentences; 0 for none.'),
  embedBatch: z.int().min(1).max(100).default(32).describe('Chunks that are embedded in one call.'),
  ...sourceSettings,
  batchDocuments: z.int().min(1).max(50).default(50).describe('Most documents that one job takes through all stages.'),
  gatherMs: z
    .int()
    .min(0)
    .max(10_000)
    .default(200)
    .describe('How long a new batch takes in further documents before it is processed, in milliseconds.'),
  aloneAboveBytes: z
    .int()
    .min(1)
    .max(2_000_000_000)
    .default(1_000_000)
    .describe('A document larger than this has a job of its own, in bytes.'),
  concurrentBatches: z
    .int()
    .min(1)
    .max(64)
    .default(3)
    .describe(
      'Batches that one worker process has in hand at once; more of them overlap reading, embedding and writing.',
    ),
  concurrentParses: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe('Documents of one batch that are with the parsers at once, besides small texts.'),
  groupBytes: z
    .int()
    .min(1)
    .max(2_000_000_000)
    .default(8_000_000)
    .describe('Documents of a batch that are embedded and stored together, by the bytes of their originals.'),
  bytesInHand: z
    .int()
    .min(1_000_000)
    .max(16_000_000_000)
    .default(64_000_000)
    .describe(
      'Most bytes of originals that one worker process has in memory at once; a larger document is taken alone.',
    ),
  sameFailureLimit: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Failures of one document in the same way after which it is given up until somebody retries it.'),
  outageRetries: z
    .int()
    .min(1)
    .max(1000)
    .default(60)
    .describe('Retries of a document while something that it needs is unavailable, up to ten minutes apart.'),
  retryDelayMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(2000)
    .describe('Pause before the first retry of a document, in milliseconds; doubles with each further one.'),
  workerLossLimit: z
    .int()
    .min(2)
    .max(100)
    .default(20)
    .describe('Workers that may be lost over one and the same document before it is given up.'),
  checkpointAfterMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(3000)
    .describe('Work on one document that is kept between stages once it took longer than this, in milliseconds.'),
  keepOriginals: z
    .boolean()
    .default(true)
    .describe(
      'Keeps the bytes of a document that was sent for as long as the document lives: for reprocessing, and to give the file back.',
    ),
  leftoverHours: z
    .int()
    .min(1)
    .max(23)
    .default(6)
    .describe('Age at which stored bytes and checkpoints that nobody needs are swept away, in hours.'),
  taskRetentionDays: z
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .describe('How long ended tasks and removed items are listed, in days.'),
  openTaskHours: z
    .int()
    .min(1)
    .max(8760)
    .default(24)
    .describe('A task that nobody adds to and nobody seals is ended after this, in hours.'),
  progressIntervalMs: z
    .int()
    .min(50)
    .max(10_000)
    .default(400)
    .describe('How often a task that somebody watches is looked at, in milliseconds.'),
});

export type IngestionConfig = z.output<typeof ingestionConfig>;
