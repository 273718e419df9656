/** A server that breaks its streams in every way a server can. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Connection, connectTo } from '../connection.ts';
import { followTask } from './follow-task.ts';

const closables: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closables.splice(0).reverse()) await close();
});

const taskId = '01890a5d-ac96-774b-bcce-b302099a8057';
const signal = new AbortController().signal;
const told = (event: string, completed: number) =>
  `event: ${event}\ndata: ${JSON.stringify({ id: taskId, state: event === 'done' ? 'completed' : 'running', completed })}\n\n`;

type Answer = (response: ServerResponse) => void;
const stream = (text: string, end: Answer): Answer => {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => end(response));
  };
};
const ends: Answer = (response) => response.end();
const breaks: Answer = (response) => response.destroy();
const fails = (status: number, code: string): Answer => {
  return (response) => response.writeHead(status).end(JSON.stringify({ code, message: 'No.' }));
};

/** Gives one answer after the other; the last one again and again. */
async function open(...answers: Answer[]) {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    (answers[asked - 1] ?? answers.at(-1))?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection: Connection = connectTo({ pid: 1, url, token: 'token', startedAt: '', version: '' });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  closables.push(close, connection.close);
  return { connection, close, asked: () => asked };
}

describe('following a task', () => {
  test('ends with what the server says at the end', async () => {
    const { connection } = await open(stream(told('progress', 1) + told('done', 2), ends));
    const seen: unknown[] = [];
    const ended = await followTask(connection, taskId, { signal, onProgress: (task) => seen.push(task) });
    expect(ended).toMatchObject({ state: 'completed', completed: 2 });
    expect(seen).toMatchObject([{ completed: 1 }]);
  });

  test.each([
    ['is cut', breaks],
    ['ends without a word', ends],
    [
      'is cut within its last event',
      (response: ServerResponse) => response.write(told('done', 9).slice(0, -2), () => response.destroy()),
    ],
    [
      'ends with an error',
      (response: ServerResponse) => response.end('event: error\ndata: {"code":"SERVER_STOPPING"}\n\n'),
    ],
  ])('goes on with a new stream when one %s, and never takes that for the end', async (_name, end: Answer) => {
    const { connection, asked } = await open(
      stream(told('progress', 1), end),
      fails(503, 'SERVER_NOT_READY'),
      stream(told('progress', 5) + told('done', 6), ends),
    );
    const seen: unknown[] = [];
    const ended = await followTask(connection, taskId, { signal, onProgress: (task) => seen.push(task) });
    expect(ended).toMatchObject({ completed: 6 });
    expect(seen).toMatchObject([{ completed: 1 }, { completed: 5 }]);
    expect(asked()).toBe(3);
  });

  test('fails when the server is gone, and names the way to look again', async () => {
    const { connection, close } = await open(stream(told('progress', 1), () => undefined));
    const following = followTask(connection, taskId, { signal, firstPauseMs: 10, onProgress: () => void close() });
    await expect(following).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      kind: 'unavailable',
      message: expect.stringContaining(`./nexus tasks follow ${taskId}`),
    });
  });

  test('fails at once for a task that nobody knows, and for a server that does not know us any more', async () => {
    const unknown = await open(fails(404, 'TASK_NOT_FOUND'));
    await expect(followTask(unknown.connection, taskId, { signal })).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    const restarted = await open(stream(told('progress', 1), breaks), fails(401, 'CREDENTIAL_MISSING'));
    await expect(followTask(restarted.connection, taskId, { signal })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
  });

  test('ends when nobody waits any more', async () => {
    const { connection } = await open(stream(told('progress', 1), () => undefined));
    const stop = new AbortController();
    const following = followTask(connection, taskId, { signal: stop.signal, onProgress: () => stop.abort() });
    expect(await following).toBeUndefined();
  });
});
