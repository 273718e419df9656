/** Secrets of webhooks as they are stored: sealed under the file key, each bound to its webhook. */
import { seal, unseal } from '#platform/blobs/seal.ts';
import type { Clock } from '#platform/clock.ts';
import { Secret } from '#platform/secret.ts';
import type { WebhookRow } from './store.ts';

const nameOf = (webhookId: string) => `messaging/webhooks/${webhookId}`;

export function createSealedSecrets(fileKey: Secret, clock: Clock) {
  const open = (webhookId: string, sealed: Buffer) => new Secret(unseal(fileKey, nameOf(webhookId), sealed).toString());
  return {
    seal: (webhookId: string, secret: string): Buffer => seal(fileKey, nameOf(webhookId), Buffer.from(secret)),
    /** Those that sign now, the newest first. */
    secretsOf(webhook: WebhookRow): Secret[] {
      const { id, secret, previous_secret: previous, previous_secret_until: until } = webhook;
      const isPreviousValid = previous !== null && until !== null && until.getTime() > clock.now().getTime();
      return [open(id, secret), ...(isPreviousValid ? [open(id, previous)] : [])];
    },
  };
}

export type SealedSecrets = ReturnType<typeof createSealedSecrets>;
