import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createSampleServer, goodToken, type SampleServer } from '../testing/sample-server.ts';

const opened: SampleServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const start = async (): Promise<{ server: SampleServer; port: number }> => {
  const server = await createSampleServer();
  opened.push(server);
  return { server, port: (await server.listen()).port };
};

type Conversation = { answer: string; error: string | undefined; openMs: number };

/** Sends a head and a body that is longer than accepted, and looks for the answer only a while after. */
function sendBlindly(port: number, { bodyBytes, goOn = false }: { bodyBytes: number; goOn?: boolean }) {
  return new Promise<Conversation>((resolve) => {
    const startedMs = performance.now();
    const socket = connect(port, '127.0.0.1');
    const conversation: Conversation = { answer: '', error: undefined, openMs: 0 };
    socket.pause();
    socket.write(
      `POST /api/v1/files?filename=a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${goodToken.authorization}\r\nContent-Length: 1000000000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(bodyBytes));
    const more = goOn ? setInterval(() => socket.write(Buffer.alloc(65_536)), 20) : undefined;
    setTimeout(() => socket.resume(), 150);
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

test('a refusal reaches the sender who still sends and does not look', async () => {
  const { port } = await start();
  const conversations = await Promise.all(
    Array.from({ length: 20 }, () => sendBlindly(port, { bodyBytes: 4_000_000 })),
  );
  for (const { answer, error } of conversations) {
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(error).toBeUndefined();
  }
});

test('a sender who goes on for ever is cut off soon', async () => {
  const { port } = await start();
  const { answer, openMs } = await sendBlindly(port, { bodyBytes: 200_000, goOn: true });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(openMs).toBeLessThan(5_000);
});

test('a sender who sends very much is cut off at once', async () => {
  const { port } = await start();
  const { openMs } = await sendBlindly(port, { bodyBytes: 50_000_000 });
  expect(openMs).toBeLessThan(5_000);
});
