/** One attempt at one receiver. */
import type { Clock } from '#platform/clock.ts';
import { type EventEnvelope, toCloudEventHeaders } from '#platform/events/index.ts';
import type { Secret } from '#platform/secret.ts';
import type { Answer, WebhookTransport } from './ports.ts';
import { signWebhook } from './sign-webhook.ts';

export type Target = {
  url: string;
  /** The newest first. */
  secrets: readonly Secret[];
};

export function createSendOne({
  transport,
  clock,
  userAgent,
}: {
  transport: WebhookTransport;
  clock: Clock;
  userAgent: string;
}) {
  return (target: Target, payload: string, signal: AbortSignal): Promise<Answer> => {
    const envelope = JSON.parse(payload) as EventEnvelope;
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...toCloudEventHeaders(envelope),
      ...signWebhook({ id: envelope.id, sentAt: clock.now(), body: payload }, target.secrets),
    };
    return transport.post({ url: target.url, headers, body: payload }, signal);
  };
}

export type SendOne = ReturnType<typeof createSendOne>;
