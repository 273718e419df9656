/** A receiver of webhooks as its documentation tells to write one: verifies, and acts once per `webhook-id`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export type Receiver = {
  url: string;
  trust(secret: string): unknown;
  effects: Map<string, number>;
  posts(): number;
  refused(): number;
  close(): Promise<void>;
};

/** `fails` says whether to answer 500 after having acted: the worst moment for the sender. */
export async function openReceiver(fails: () => boolean): Promise<Receiver> {
  const effects = new Map<string, number>();
  const acted = new Set<string>();
  const webhooks: Webhook[] = [];
  let posts = 0;
  let refused = 0;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      // The sender was killed in the middle of its request.
      return;
    }
    posts += 1;
    const id = String(request.headers['webhook-id']);
    if (!isSigned(webhooks, Buffer.concat(pieces).toString(), request.headers as Record<string, string>)) {
      refused += 1;
      response.writeHead(400).end();
      return;
    }
    if (!acted.has(id)) {
      acted.add(id);
      effects.set(id, (effects.get(id) ?? 0) + 1);
    }
    response.writeHead(fails() ? 500 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    trust: (secret) => webhooks.push(new Webhook(secret)),
    effects,
    posts: () => posts,
    refused: () => refused,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isSigned(webhooks: readonly Webhook[], body: string, headers: Record<string, string>): boolean {
  return webhooks.some((webhook) => {
    try {
      webhook.verify(body, headers);
      return true;
    } catch {
      return false;
    }
  });
}
