import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSampleServer, goodToken, type SampleServer } from '../testing/sample-server.ts';

const opened: SampleServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const start = async (lingerMs: number): Promise<number> => {
  const server = await createSampleServer({ config: { lingerMs } });
  opened.push(server);
  return (await server.listen()).port;
};

const startLogged = async (): Promise<{ port: number; lines: string[] }> => {
  const server = await createSampleServer({ config: { lingerMs: 300 } });
  opened.push(server);
  return { port: (await server.listen()).port, lines: server.lines };
};

type Conversation = { answer: string; error: string | undefined; openMs: number };

const headOf = (
  port: number,
  { path = '/api/v1/files?filename=a', token = goodToken.authorization, length = 1e9 } = {},
) => `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${token}\r\nContent-Length: ${length}\r\n\r\n`;

/** Sends a head and a body that is longer than accepted, and looks for the answer only a while after. */
function sendBlindly(port: number, { head = headOf(port), bodyBytes = 4_000_000, goOn = false } = {}) {
  return new Promise<Conversation>((resolve) => {
    const startedMs = performance.now();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: goOn });
    const conversation: Conversation = { answer: '', error: undefined, openMs: 0 };
    socket.pause();
    socket.write(head);
    socket.write(Buffer.alloc(bodyBytes));
    const more = goOn ? setInterval(() => socket.write(Buffer.alloc(65_536)), 20) : undefined;
    setTimeout(() => socket.resume(), 100);
    socket.on('data', (part) => {
      conversation.answer += part.toString('utf8');
      if (!goOn) socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      conversation.error = error.code;
    });
    socket.on('close', () => {
      clearInterval(more);
      resolve({ ...conversation, openMs: performance.now() - startedMs });
    });
  });
}

test.each([
  ['of too large a body', {}, 413],
  ['of somebody unknown', { token: 'Bearer nobody' }, 401],
  ['of an address that cannot be read', { path: '/api/v1/%' }, 400],
])('a refusal %s reaches the sender who still sends and does not look', async (_what, asked, status) => {
  const port = await start(10_000);
  const head = headOf(port, asked);
  for (const { answer, error } of await Promise.all(Array.from({ length: 10 }, () => sendBlindly(port, { head })))) {
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(error).toBeUndefined();
  }
});

test('a sender who goes on for ever is cut off soon', async () => {
  const port = await start(300);
  const { openMs } = await sendBlindly(port, { bodyBytes: 200_000, goOn: true });
  expect(openMs).toBeGreaterThan(200);
  expect(openMs).toBeLessThan(5_000);
});

test('a sender who sends very much is cut off before', async () => {
  const port = await start(60_000);
  const { openMs } = await sendBlindly(port, { bodyBytes: 50_000_000 });
  expect(openMs).toBeLessThan(10_000);
});

test('what follows a refused body is no request', async () => {
  const { port, lines } = await startLogged();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let answers = '';
  socket.on('error', () => undefined);
  socket.on('data', (part) => {
    answers += part.toString('utf8');
  });
  socket.write(`${headOf(port, { length: 5_000 })}x`);
  while (!answers.includes('BODY_TOO_LARGE')) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.write(
    `${'x'.repeat(4_999)}GET /api/v1/failing/undeclared HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${goodToken.authorization}\r\n\r\n`,
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.destroy();
  expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(lines.join('')).not.toContain('failing');
});

test('a connection whose request had no body is kept', async () => {
  const port = await start(300);
  const socket = connect(port, '127.0.0.1');
  let answers = '';
  socket.on('data', (part) => {
    answers += part.toString('utf8');
  });
  const ask = `GET /api/v1/nothing HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  for (let asked = 1; asked <= 3; asked += 1) {
    socket.write(ask);
    while ((answers.match(/ROUTE_NOT_FOUND/g) ?? []).length < asked)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(answers).not.toMatch(/connection: close/i);
  socket.destroy();
});
