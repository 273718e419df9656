/** Blobs as objects of an S3-compatible store, which is durable when it has answered. */
import type { S3Client } from '@aws-sdk/client-s3';
import { AppError } from '../../errors.ts';
import { isBlobKey, requireBlobKey, requireBlobPrefix } from '../blob-key.ts';
import type { BlobsConfig } from '../config.ts';
import type { BlobStore, StoredBlob } from '../ports.ts';

const attempts = 3;

/** The package is loaded here, so that nobody without S3 pays for it. Nothing is sent before the first use. */
export async function openS3BlobStore(config: BlobsConfig['s3']): Promise<BlobStore & { close(): void }> {
  const sdk = await import('@aws-sdk/client-s3');
  const { accessKeyId, secretAccessKey, endpoint, bucket, prefix } = config;
  const client: S3Client = new sdk.S3Client({
    region: config.region,
    forcePathStyle: config.forcePathStyle,
    maxAttempts: attempts,
    // Stores that are not AWS do not know the newer checksums; ours are inside the seal.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey: secretAccessKey.reveal() } }),
  });
  // The client's own limits only warn, and end where the body of an answer begins.
  const limit = () => ({ abortSignal: AbortSignal.timeout(config.timeoutMs) });
  const at = (key: string) => ({ Bucket: bucket, Key: prefix + requireBlobKey(key) });

  return {
    async put(key, bytes) {
      await translated(() => client.send(new sdk.PutObjectCommand({ ...at(key), Body: bytes }), limit()));
    },
    get: (key) =>
      translated(async () => {
        const { Body } = await client.send(new sdk.GetObjectCommand(at(key)), limit());
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      }, key),
    has: (key) =>
      translated(async () => {
        try {
          await client.send(new sdk.HeadObjectCommand(at(key)), limit());
          return true;
        } catch (error) {
          if (isMissing(error)) return false;
          throw error;
        }
      }),
    async delete(key) {
      await translated(() => client.send(new sdk.DeleteObjectCommand(at(key)), limit()));
    },
    async *list(start): AsyncIterable<StoredBlob> {
      let token: string | undefined;
      do {
        const page = await translated(() =>
          client.send(
            new sdk.ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + requireBlobPrefix(start),
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            limit(),
          ),
        );
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          const key = Key.slice(prefix.length);
          // What others keep in the bucket is none of ours.
          if (isBlobKey(key)) yield { key, sizeBytes: Size, modifiedAt: LastModified ?? new Date() };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    close: () => client.destroy(),
  };
}

const nameOf = (error: unknown): string => String((error as { name?: unknown }).name ?? '');
const isMissing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes(nameOf(error));

async function translated<Result>(work: () => Promise<Result>, key?: string): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (key !== undefined && isMissing(cause)) {
      throw new AppError('BLOB_NOT_FOUND', 'not-found', 'The stored bytes are gone.', { details: { key }, cause });
    }
    const message = `The object store failed (${nameOf(cause) || 'unknown'}).`;
    throw new AppError('BLOB_STORE_UNAVAILABLE', 'unavailable', message, { cause });
  }
}
