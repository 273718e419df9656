import { connect } from 'node:net';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { httpConfig } from '../config.ts';
import { guardBodyMemory } from './body-budget.ts';

const mebibyte = 1024 ** 2;

async function openServer(gateMs = 0) {
  const app = fastify({ bodyLimit: 10 * mebibyte });
  app.addHook('onRequest', () => new Promise<void>((resolve) => setTimeout(resolve, gateMs)));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  guardBodyMemory(app, httpConfig.parse({ maxBodyBytesInFlight: mebibyte }));
  const waiting: (() => void)[] = [];
  app.post('/', async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return 'ok';
  });
  await app.ready();
  const send = (bytes: number) =>
    app.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/octet-stream' },
      payload: Buffer.alloc(bytes),
    });
  const arrived = (count: number) => expect.poll(() => waiting.length).toBe(count);
  const finishAll = () => {
    for (const finish of waiting.splice(0)) finish();
  };
  return { app, send, arrived, finishAll };
}

test('bodies that would not fit together are refused as busy, and taken when the others are done', async () => {
  const { app, send, arrived, finishAll } = await openServer();
  const first = send(700_000);
  await arrived(1);
  expect((await send(700_000)).json()).toMatchObject({ code: 'SERVER_BUSY' });
  finishAll();
  expect((await first).statusCode).toBe(200);
  const again = send(700_000);
  await arrived(1);
  finishAll();
  expect((await again).statusCode).toBe(200);
  await app.close();
});

test('one body alone is taken even when it is larger than the budget, and small ones always are', async () => {
  const { app, send, arrived, finishAll } = await openServer();
  const replies = [send(5 * mebibyte)];
  await arrived(1);
  replies.push(send(1000));
  await arrived(2);
  finishAll();
  expect((await Promise.all(replies)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  await app.close();
});

/** A head that announces a body, on a connection of its own. */
async function announce(port: number, bytes: number) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\nx`,
  );
  return socket;
}

test('who is gone while it is looked who asks holds nothing back', async () => {
  const { app, send, arrived, finishAll } = await openServer(100);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const socket = await announce(port, 900_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const next = send(700_000);
  await arrived(1);
  finishAll();
  expect((await next).statusCode).toBe(200);
  await app.close();
});

test('a body that the route refuses holds nothing back', async () => {
  const { app, send, arrived, finishAll } = await openServer();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const socket = await announce(port, 10 * mebibyte + 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const next = send(700_000);
  await arrived(1);
  finishAll();
  expect((await next).statusCode).toBe(200);
  socket.destroy();
  await app.close();
});
