import { AppError } from '../errors.ts';

const longestKey = 400;
const pattern = /^[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9_-]*)*$/;
const prefixPattern = /^(?:[a-z0-9][a-z0-9_-]*\/)*$/;

export const isBlobKey = (key: string): boolean => key.length <= longestKey && pattern.test(key);

/** Keys are lower-case words in folders, e.g. `<organization id>/uploads/<id>`. No key can leave its store. */
export function requireBlobKey(key: string): string {
  if (isBlobKey(key)) return key;
  throw new AppError('BLOB_KEY_INVALID', 'bug', 'A blob key is lower-case words between slashes.', {
    details: { key },
  });
}

/** Whole folders only: empty, or ending with `/`. */
export function requireBlobPrefix(prefix: string): string {
  if (prefix.length <= longestKey && prefixPattern.test(prefix)) return prefix;
  throw new AppError('BLOB_KEY_INVALID', 'bug', 'A prefix of blob keys is empty or ends with a slash.', {
    details: { prefix },
  });
}
