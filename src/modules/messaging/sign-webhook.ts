/** Signatures as in Standard Webhooks 1.0: HMAC-SHA256 over id, time and body, one for each secret that still counts. */
import { createHmac } from 'node:crypto';
import type { Secret } from '#platform/secret.ts';

const prefix = 'whsec_';

export const toWebhookSecret = (bytes: Uint8Array): string => `${prefix}${Buffer.from(bytes).toString('base64')}`;

export function signWebhook(
  message: { id: string; sentAt: Date; body: string },
  secrets: readonly Secret[],
): Record<string, string> {
  const timestamp = String(Math.floor(message.sentAt.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.reveal().slice(prefix.length), 'base64');
    const mac = createHmac('sha256', key).update(`${message.id}.${timestamp}.${message.body}`);
    return `v1,${mac.digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
