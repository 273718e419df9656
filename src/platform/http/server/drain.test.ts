import { Agent, request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { route } from '../route.ts';
import { createSampleServer, type SampleServer } from '../testing/sample-server.ts';

const opened: SampleServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function startSlow(durationMs: number, drainTimeoutMs: number) {
  const slow = route({
    method: 'GET',
    path: '/slow',
    permission: 'public',
    summary: 'Takes its time.',
    tag: 'sample',
    request: {},
    responses: { 200: z.strictObject({ done: z.boolean() }) },
    async handle({ signal }) {
      await Promise.race([pause(durationMs), new Promise((resolve) => signal.addEventListener('abort', resolve))]);
      signal.throwIfAborted();
      return { status: 200, body: { done: true } };
    },
  });
  const server = await createSampleServer({ routes: [slow], config: { drainTimeoutMs, keepAliveTimeoutMs: 60_000 } });
  opened.push(server);
  return { server, url: (await server.listen()).url };
}

type Reply = { status: number | undefined; connection: string | undefined; body: string };

function ask(url: string, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (reply) => {
      let body = '';
      reply.on('data', (part) => {
        body += part;
      });
      reply.on('end', () => resolve({ status: reply.statusCode, connection: reply.headers.connection, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('stopping', () => {
  test('finishes requests in flight, refuses new connections and closes idle ones', async () => {
    const { server, url } = await startSlow(150, 2000);
    const agent = new Agent({ keepAlive: true });
    const idle = new Agent({ keepAlive: true });
    await ask(`${url}/health`, idle);
    const inFlight = ask(`${url}/slow`, agent);
    await expect.poll(() => server.activeRequests).toBe(1);
    const begun = performance.now();
    const closing = server.close();
    await pause(20);
    await expect(ask(`${url}/health`, new Agent())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await inFlight).toMatchObject({ status: 200, body: '{"done":true}' });
    await closing;
    expect(performance.now() - begun).toBeLessThan(1000);
    agent.destroy();
    idle.destroy();
  });

  test('aborts what is still running at the deadline, with an answer', async () => {
    const { server, url } = await startSlow(60_000, 100);
    const inFlight = ask(`${url}/slow`, new Agent());
    await expect.poll(() => server.activeRequests).toBe(1);
    const begun = performance.now();
    await server.close();
    expect(performance.now() - begun).toBeLessThan(1500);
    const { status, body } = await inFlight;
    expect([status, JSON.parse(body).code]).toEqual([503, 'SERVER_STOPPING']);
  });

  test('takes no time when nothing is in flight, and may be asked for twice', async () => {
    const { server } = await startSlow(1, 60_000);
    const begun = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
