import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { Secret } from '#platform/secret.ts';
import { signWebhook, toWebhookSecret } from './sign-webhook.ts';

const secretOf = (fill: number) => toWebhookSecret(Buffer.alloc(32, fill));
const body = '{"text":"Grüße, 世界"}';

it('signs so that another implementation of Standard Webhooks accepts it, with the old secret too', () => {
  const secrets = [secretOf(1), secretOf(2)];
  const headers = signWebhook(
    { id: 'message', sentAt: new Date(), body },
    secrets.map((secret) => new Secret(secret)),
  );
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(secretOf(3)).verify(body, headers)).toThrow();
  expect(() => new Webhook(secretOf(1)).verify(`${body} `, headers)).toThrow();
  expect(() => new Webhook(secretOf(1)).verify(body, { ...headers, 'webhook-id': 'other' })).toThrow();
});
