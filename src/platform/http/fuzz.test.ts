/** Fuzz to death, bounded: whatever comes over the wire is answered with a labelled reply, and the server lives on. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSampleServer, goodToken, type SampleServer } from './testing/sample-server.ts';

let server: SampleServer;
let port: number;

beforeAll(async () => {
  server = await createSampleServer({ config: { maxBodyBytes: 20_000, headersTimeoutMs: 400, requestTimeoutMs: 800 } });
  ({ port } = await server.listen());
});
afterAll(() => server.close());

const maxWaitMs = 5000;

/** Sends bytes as they are and returns all that comes back until the server closes or has answered. */
function sendRaw(bytes: Buffer | string, half = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const parts: Buffer[] = [];
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(parts).toString('latin1'));
    };
    const timer = setTimeout(finish, maxWaitMs);
    socket.on('data', (part) => parts.push(part));
    socket.on('end', finish);
    socket.on('error', finish);
    socket.write(bytes);
    if (half) socket.end();
  });
}

const credential = `authorization: ${goodToken.authorization}\r\n`;

function message(line: string, headers: string, body: Buffer | string = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`${line} HTTP/1.1\r\nhost: localhost\r\n${credential}connection: close\r\n${headers}\r\n`, 'latin1'),
    Buffer.from(body),
  ]);
}

const json = 'content-type: application/json\r\n';
const withLength = (body: Buffer | string, headers = json) =>
  `${headers}content-length: ${Buffer.byteLength(body)}\r\n`;

/** Status and code of a reply; fails on an error that no code labels. */
function judge(reply: string): { status: number; code: string | undefined } {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1]);
  const body = reply.slice(reply.lastIndexOf('\r\n\r\n') + 4);
  const code = status >= 400 ? /"code":"([A-Z_]+)"/.exec(body)?.[1] : undefined;
  if (status >= 400) {
    expect(code, reply).toBeDefined();
    expect(reply).toContain('content-type: application/problem+json');
  }
  expect(code).not.toBe('INTERNAL_ERROR');
  expect(reply).not.toMatch(/node_modules|\.ts:\d|at Object\./);
  return { status, code };
}

const post = (body: Buffer | string, headers?: string) =>
  sendRaw(message('POST /api/v1/things', withLength(body, headers), body));

describe('a hostile body', () => {
  const nested = (depth: number) => `{"name":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  test.each([
    ['nothing', '', 'REQUEST_INVALID'],
    ['null', 'null', 'REQUEST_INVALID'],
    ['a number', '7', 'REQUEST_INVALID'],
    ['a list', '[]', 'REQUEST_INVALID'],
    ['a wrong type', '{"name":{}}', 'REQUEST_INVALID'],
    ['half an object', '{"name":', 'BODY_MALFORMED'],
    ['an unpaired escape', '"\\', 'BODY_MALFORMED'],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'BODY_MALFORMED'],
    ['deep nesting', nested(33), 'BODY_TOO_DEEP'],
    ['very deep nesting', nested(9_000), 'BODY_TOO_DEEP'],
    ['unclosed deep nesting', '['.repeat(19_000), 'BODY_TOO_DEEP'],
    ['a prototype key', '{"__proto__":{"admin":true},"name":"a"}', 'BODY_MALFORMED'],
    ['an escaped prototype key', '{"\\u005f_proto__":{"admin":true},"name":"a"}', 'BODY_MALFORMED'],
    ['a constructor key', '{"constructor":{"prototype":{"admin":1}},"name":"a"}', 'BODY_MALFORMED'],
    ['a plain key named constructor', '{"constructor":1,"name":"a"}', 'REQUEST_INVALID'],
    ['too much', `{"name":"${'x'.repeat(30_000)}"}`, 'BODY_TOO_LARGE'],
    [
      'thousands of unknown keys',
      `{${Array.from({ length: 1500 }, (_, at) => `"k${at}":1`).join()}}`,
      'REQUEST_INVALID',
    ],
  ])('that holds %s is refused by name', async (_name, body, code) => {
    expect(judge(await post(body)).code).toBe(code);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('is refused whatever it claims to be, unless it is JSON', async () => {
    const body = '{"name":"a"}';
    expect(judge(await post(body, 'content-type: text/plain\r\n')).code).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(judge(await post(body, '')).code).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(judge(await post(body, 'content-type: ;;;\r\n')).code).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(judge(await post(body, `${json}content-encoding: gzip\r\n`)).code).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(judge(await post(body, 'content-type: application/json; charset=utf-8\r\n')).status).toBe(201);
  });

  test('cannot hide its size in chunks', async () => {
    const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
    const head = message('POST /api/v1/files?filename=a', 'transfer-encoding: chunked\r\n');
    expect(judge(await sendRaw(Buffer.concat([head, Buffer.from(chunk.repeat(3))]))).code).toBe('BODY_TOO_LARGE');
  });

  test('is not read at all when its announced size is too large', async () => {
    const begun = performance.now();
    const reply = await sendRaw(message('POST /api/v1/things', `${json}content-length: 99999999999\r\n`), false);
    expect(judge(reply).code).toBe('BODY_TOO_LARGE');
    expect(performance.now() - begun).toBeLessThan(400);
  });
});

describe('a hostile head', () => {
  test.each([
    ['a negative length', 'content-length: -1\r\n', 400],
    ['a length of words', 'content-length: many\r\n', 400],
    ['two lengths', 'content-length: 3\r\ncontent-length: 4\r\n', 400],
    ['length and chunks', 'content-length: 3\r\ntransfer-encoding: chunked\r\n', 400],
    ['an unknown transfer encoding', 'transfer-encoding: gzip\r\n', 400],
    ['a line without colon', 'nonsense\r\n', 400],
    ['a control character', 'x-a: b\u0000c\r\n', 400],
    ['headers beyond the limit', `x-a: ${'y'.repeat(20_000)}\r\n`, 431],
    ['very many headers', `${'x-a: b\r\n'.repeat(3000)}`, 431],
  ])('with %s is refused', async (_name, headers, status) => {
    expect(judge(await sendRaw(message('POST /api/v1/things', headers, '{}'))).status).toBe(status);
  });

  test.each([
    ['GET /%', 400],
    ['GET /api/v1/things/%E0%A4%A', 400],
    [`GET /api/v1/things/${'a'.repeat(600)}`, 414],
    ['GET /../../etc/passwd', 404],
    ['GET /documents/..%2f..%2fpackage.json', 404],
    ['GET //evil.example/', 404],
    ['GET /api/v1/things/a?__proto__=1&constructor=2', 400],
    [`GET /api/v1/things/a?${'limit=1&'.repeat(1500)}`, 400],
    ['OPTIONS /api/v1/things', 405],
    ['OPTIONS *', 404],
    ['TRACE /api/v1/things', 405],
    ['BREW /coffee', 400],
    ['POST /api/v1/things/', 404],
  ])('that asks for %s is refused with %i', async (line, status) => {
    const reply = await sendRaw(message(line, ''));
    expect(judge(reply).status, reply).toBe(status);
  });

  test('that comes too slowly is cut off', async () => {
    expect(judge(await sendRaw('GET / HTTP/1.1\r\nhost: loc', false)).status).toBe(408);
    const half = message('POST /api/v1/things', `${json}content-length: 50\r\n`, '{"na');
    expect(judge(await sendRaw(half, false)).status).toBe(408);
  });

  test('whose connection ends in the middle of a body leaves nothing behind', async () => {
    await sendRaw(message('POST /api/v1/things', `${json}content-length: 50\r\n`, '{"na'));
    await expect.poll(() => server.activeRequests).toBe(0);
  });
});

test('random requests to every route never bring an unlabelled failure, and the server lives on', async () => {
  const rows = server.routes.filter(({ path }) => !path.includes('failing'));
  const oddText = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('../..', '%00', '__proto__', '\u0000', '𝕏'.repeat(40), '-1', '1e999'),
  );
  const body = fc.oneof(
    fc.json({ maxDepth: 40 }),
    fc.string({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.constant('x'.repeat(25_000)),
  );
  const type = fc.constantFrom('application/json', 'text/plain', 'multipart/form-data; boundary=x', 'a/b', '');
  const memoryBefore = process.memoryUsage().rss;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...rows),
      oddText,
      fc.oneof(oddText, fc.constant('')),
      body,
      type,
      async (row, id, query, payload, mediaType) => {
        const path = row.path.replaceAll(/\{[^}]*\}/g, encodeURIComponent(id));
        const url = query === '' ? path : `${path}?${encodeURIComponent(query)}=${encodeURIComponent(id)}`;
        const headers = { ...goodToken, ...(mediaType === '' ? {} : { 'content-type': mediaType }) };
        const reply = await server.inject({
          method: row.method,
          url,
          headers,
          ...(row.method === 'GET' ? {} : { payload }),
        });
        if (reply.statusCode < 400) return;
        expect(reply.json().code).toMatch(/^[A-Z_]+$/);
        expect(reply.json().code).not.toBe('INTERNAL_ERROR');
      },
    ),
    { numRuns: 1500 },
  );
  expect((process.memoryUsage().rss - memoryBefore) / 1024 ** 2).toBeLessThan(150);
  expect((await server.inject({ url: '/health' })).statusCode).toBe(200);
  expect(server.activeRequests).toBe(0);
});
