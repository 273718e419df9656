import { z } from 'zod';
import { secretSchema } from '../configuration/secret-schema.ts';

/** Where bytes are kept that are no rows: uploads, checkpoints. */
export const blobsConfig = z.strictObject({
  store: z
    .enum(['files', 's3'])
    .default('files')
    .describe('`files` keeps blobs below the home, `s3` in an S3-compatible object store.'),
  directory: z.string().min(1).optional().describe('Folder of the file store. Default: `blobs` below the home.'),
  key: secretSchema
    .optional()
    .describe(
      'The file key that blobs are encrypted under: 32 bytes in base64. Default: made once, in `keys/file.key` below the home. Set it where several homes share one store.',
    ),
  s3: z
    .strictObject({
      bucket: z.string().min(3).max(63).default('nexus').describe('Must exist.'),
      prefix: z
        .string()
        .regex(/^(?:[a-z0-9][a-z0-9_-]{0,62}\/)*$/)
        .default('')
        .describe('Goes before every key; ends with `/` unless it is empty.'),
      endpoint: z.url().optional().describe('Address of a store that is not AWS.'),
      region: z.string().min(1).default('us-east-1').describe('Region that requests are signed for.'),
      accessKeyId: z.string().min(1).optional().describe('Default: what the AWS environment provides.'),
      secretAccessKey: secretSchema.optional().describe('Belongs to `accessKeyId`.'),
      forcePathStyle: z.boolean().default(true).describe('The bucket in the path instead of the host name.'),
      timeoutMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(30_000)
        .describe('Longest time to keep, read or ask for one blob, attempts included.'),
    })
    // Half of a credential would be ignored, and whatever else the machine offers used in its place.
    .refine(({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined), {
      message: 'accessKeyId and secretAccessKey belong together: set both or none',
    })
    .prefault({}),
});

export type BlobsConfig = z.output<typeof blobsConfig>;
