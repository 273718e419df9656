import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ApiRequest, connectTo } from './connection.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that refuses the first call with 503 and this code, and takes every later one. Counts the calls. */
async function callsUntilAnswered(request: ApiRequest, code: string): Promise<{ calls: number; outcome: unknown }> {
  let calls = 0;
  const listening = createServer((_request, response) => {
    calls += 1;
    if (calls > 1) response.end('{"done":true}');
    else response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify({ code, message: 'Not now.' }));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const connection = connectTo({ pid: 1, url, token: 'token', startedAt: '', version: '' });
  const outcome = await connection.call(request).catch((error: { code: string }) => error.code);
  await connection.close();
  return { calls, outcome };
}

const question: ApiRequest = { method: 'POST', path: '/api/v1/chat/message', body: { message: 'Why?' } };

test('a search that is refused for a moment is asked again', async () => {
  const asked = await callsUntilAnswered({ method: 'GET', path: '/api/v1/search' }, 'DATABASE_UNAVAILABLE');
  expect(asked).toEqual({ calls: 2, outcome: { done: true } });
});

test('a question is asked again only when nothing of it can have been kept', async () => {
  expect(await callsUntilAnswered(question, 'SEARCH_WARMING')).toEqual({ calls: 2, outcome: { done: true } });
  server?.close();
  expect(await callsUntilAnswered(question, 'MODEL_UNAVAILABLE')).toEqual({ calls: 1, outcome: 'MODEL_UNAVAILABLE' });
});
