import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One HTTP server of a test, closed with it. `received` keeps the parsed JSON bodies and headers in order. */
export async function openUpstream(
  handle: (request: IncomingMessage, response: ServerResponse, call: number) => void,
): Promise<{ url: string; received: { body: Record<string, unknown>; headers: IncomingMessage['headers'] }[] }> {
  const received: { body: Record<string, unknown>; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ body: JSON.parse(Buffer.concat(chunks).toString('utf8')), headers: request.headers });
      handle(request, response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, received };
}

/** The dialect's event for some text, a reason or a usage. */
export function completionEvent(piece: { text?: string; reason?: string; usage?: [number, number] }): string {
  const choices =
    piece.usage !== undefined && piece.text === undefined
      ? []
      : [{ index: 0, delta: { content: piece.text ?? '' }, finish_reason: piece.reason ?? null }];
  const usage = piece.usage && { prompt_tokens: piece.usage[0], completion_tokens: piece.usage[1] };
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices, usage: usage ?? null })}\n\n`;
}

export const eventStream = { 'content-type': 'text/event-stream' };
