import { createHash } from 'node:crypto';
import type { Pace } from '#platform/pace.ts';

const sliceBytes = 2 ** 20;

/** SHA-256, hexadecimal. Lets others run in between. */
export async function hashContent(bytes: Uint8Array, pace: Pace): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.byteLength; start += sliceBytes) {
    hash.update(bytes.subarray(start, start + sliceBytes));
    await pace.breathe();
  }
  return hash.digest('hex');
}

/** The same of a short text. */
export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');
