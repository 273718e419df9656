/**
 * Bytes that only the holder of a key can read or change, bound to the name they are kept under. AES-256-GCM; each seal
 * has a key of its own, derived by HMAC-SHA256 from the holder's key and a random salt, so that no number of seals wears
 * out the 96-bit nonce (NIST SP 800-38D, 8.3).
 *
 * Layout: version (1 byte), salt (32), tag (16), ciphertext.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';

const version = 1;
const saltBytes = 32;
const tagBytes = 16;
const headBytes = 1 + saltBytes + tagBytes;
const algorithm = 'aes-256-gcm';
/** The key is used once, so the nonce may be constant. */
const nonce = Buffer.alloc(12);

/** What is kept is longer than the bytes by this many. */
export const sealOverheadBytes = headBytes;

/** `key` is 32 bytes in base64. `name` is not kept; opening needs the same. */
export function seal(key: Secret, name: string, bytes: Uint8Array): Buffer {
  const salt = randomBytes(saltBytes);
  const cipher = createCipheriv(algorithm, onceKey(key, salt), nonce).setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([Buffer.of(version), salt, cipher.getAuthTag(), body]);
}

/** Throws BLOB_DAMAGED when anything about them is not as it was sealed. */
export function unseal(key: Secret, name: string, sealed: Uint8Array): Buffer {
  const head = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (head.length < headBytes || head[0] !== version) throw damaged(name);
  const salt = head.subarray(1, 1 + saltBytes);
  const decipher = createDecipheriv(algorithm, onceKey(key, salt), nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.from(name))
    .setAuthTag(head.subarray(1 + saltBytes, headBytes));
  try {
    return Buffer.concat([decipher.update(head.subarray(headBytes)), decipher.final()]);
  } catch (cause) {
    throw damaged(name, cause);
  }
}

const onceKey = (key: Secret, salt: Uint8Array): Buffer =>
  createHmac('sha256', Buffer.from(key.reveal(), 'base64')).update('nexus seal').update(salt).digest();

function damaged(name: string, cause?: unknown): AppError {
  const message = 'The stored bytes are not the ones that were kept, or were kept under another key.';
  return new AppError('BLOB_DAMAGED', 'bug', message, { details: { name }, cause });
}
