import type { ErrorCatalogue } from '../errors.ts';

export const blobErrors = {
  BLOB_KEY_INVALID: 'A blob was named in a way that no store takes. This is a bug: report it with the request id.',
  BLOB_NOT_FOUND: 'The stored bytes are gone. Send or synchronise the document again.',
  BLOB_DAMAGED:
    'The stored bytes are not the ones that were kept, or were kept under another file key. Send the document again, or restore the file key.',
  BLOB_STORE_UNAVAILABLE: 'The object store does not take or give bytes. Check its disk, address and credentials.',
  FILE_KEY_INVALID:
    'The file key is not 32 bytes. Restore `keys/file.key` below the home, or set `blobs.key` to the key that the data was written with.',
} as const satisfies ErrorCatalogue;
