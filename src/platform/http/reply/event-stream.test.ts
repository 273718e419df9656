import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import type { HttpConfig } from '../config.ts';
import { route, type ServerSentEvent } from '../route.ts';
import { createSampleServer, type SampleServer } from '../testing/sample-server.ts';
import { formatEvent } from './event-stream.ts';

const opened: SampleServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function serveEvents(
  events: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  config: Partial<HttpConfig> = {},
) {
  const stream = route({
    method: 'GET',
    path: '/stream',
    permission: 'public',
    summary: 'Streams.',
    tag: 'sample',
    request: {},
    responses: { 200: 'events' },
    handle: async ({ signal }) => ({ status: 200, events: events(signal) }),
  });
  const server = await createSampleServer({ routes: [stream], config });
  opened.push(server);
  const { url, port } = await server.listen();
  return { server, url: `${url}/stream`, port };
}

async function* words(...texts: string[]): AsyncGenerator<ServerSentEvent> {
  for (const text of texts) yield { event: 'delta', data: { text } };
}

describe('a stream of events', () => {
  test('arrives in order, unbuffered and uncached', async () => {
    const { url } = await serveEvents(() => words('a', 'b\nc'));
    const reply = await fetch(url);
    expect(reply.headers.get('content-type')).toContain('text/event-stream');
    expect(reply.headers.get('x-accel-buffering')).toBe('no');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reply.headers.get('x-request-id')).toBeTruthy();
    expect(await reply.text()).toBe('event: delta\ndata: {"text":"a"}\n\nevent: delta\ndata: {"text":"b\\nc"}\n\n');
  });

  test('that fails before its first event is an ordinary error', async () => {
    // biome-ignore lint/correctness/useYield: it fails first.
    const { url } = await serveEvents(async function* () {
      throw new AppError('SAMPLE_AWAY', 'unavailable', 'Away.');
    });
    const reply = await fetch(url);
    expect([reply.status, await reply.json()]).toMatchObject([503, { code: 'SAMPLE_AWAY' }]);
  });

  test('that fails later ends with an error event that shows no internals', async () => {
    const { url, server } = await serveEvents(async function* () {
      yield* words('a');
      throw new Error('password=hunter2');
    });
    const text = await (await fetch(url)).text();
    expect(text).toMatch(/event: error\ndata: \{.*"code":"INTERNAL_ERROR".*"request_id".*\}\n\n$/);
    expect(text).not.toContain('hunter2');
    expect(server.lines.join('')).toContain('http.stream_failed');
  });

  test('says that it lives while nothing happens, also before the first event', async () => {
    const { url } = await serveEvents(
      async function* () {
        await pause(100);
        yield* words('a');
      },
      { heartbeatMs: 20 },
    );
    expect(await (await fetch(url)).text()).toMatch(/^(: heartbeat\n\n)+event: delta/);
  });

  test('is aborted when its reader leaves, and its source is closed', async () => {
    let closed = false;
    let aborted = false;
    const { url, server } = await serveEvents(async function* (signal) {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      try {
        for (let count = 0; count < 1000; count += 1) {
          yield* words('tick');
          await pause(5);
        }
      } finally {
        closed = true;
      }
    });
    await new Promise<void>((resolve) => {
      const asking = request(url, (reply) => reply.once('data', () => resolve(void asking.destroy())));
      asking.end();
    });
    await expect.poll(() => [aborted, closed, server.activeRequests]).toEqual([true, true, 0]);
    expect(await server.metrics.render()).toContain(
      'nexus_http_requests_aborted_total{method="GET",route="/stream"} 1',
    );
  });

  test('waits for a slow reader, and cuts off one that takes nothing at all', async () => {
    let made = 0;
    const { port, server } = await serveEvents(
      async function* () {
        for (; made < 10_000; made += 1) yield { event: 'delta', data: 'x'.repeat(10_000) };
      },
      { streamStallTimeoutMs: 150 },
    );
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n');
    socket.pause();
    await expect.poll(() => server.activeRequests).toBe(1);
    await expect.poll(() => server.activeRequests, { timeout: 5000 }).toBe(0);
    expect(made).toBeLessThan(9_000);
    socket.destroy();
  });

  test('ends with an error event when its time is up, or when the server stops', async () => {
    async function* endless(): AsyncGenerator<ServerSentEvent> {
      yield* words('a');
      await pause(60_000).then(() => undefined);
    }
    const short = await serveEvents(endless, { streamTimeoutMs: 60 });
    expect(await (await fetch(short.url)).text()).toContain('STREAM_TIMEOUT');
    const stopped = await serveEvents(endless, { drainTimeoutMs: 80 });
    const reply = await fetch(stopped.url);
    const closing = stopped.server.close();
    expect(await reply.text()).toContain('SERVER_STOPPING');
    await closing;
  });
});

test('an event cannot smuggle in another one by its name or id', () => {
  expect(formatEvent({ id: '1\ndata: x', event: 'a\r\n\r\nb', data: undefined })).toBe(
    'id: 1 data: x\nevent: a    b\ndata: null\n\n',
  );
});
