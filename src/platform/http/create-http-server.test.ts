import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { telemetryConfig } from '#platform/telemetry/config.ts';
import { silentLogger } from '#platform/telemetry/logger.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { httpConfig } from './config.ts';
import { createTelemetryServer } from './create-telemetry-server.ts';
import { route } from './route.ts';
import { createSampleServer, goodToken, sampleRoutes } from './testing/sample-server.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const start: typeof createSampleServer = async (changes) => {
  const server = await createSampleServer(changes);
  opened.push(server);
  return server;
};

const json = { ...goodToken, 'content-type': 'application/json' };

describe('a route of the table', () => {
  test('answers with parsed parts and the caller, and with the headers that protect it', async () => {
    const server = await start();
    const reply = await server.inject({ url: '/api/v1/things/abc?limit=7', headers: goodToken });
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({ id: 'abc', limit: 7, organization: 'organization-1' });
    expect(reply.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(reply.headers['content-security-policy']).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect(reply.headers['content-security-policy']).not.toContain('unsafe');
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(reply.headers['x-powered-by']).toBeUndefined();
  });

  test('lists everything that does not fit, over all parts of the request, with the fix', async () => {
    const server = await start();
    const reply = await server.inject({
      method: 'POST',
      url: '/api/v1/things?page=1',
      headers: json,
      payload: '{"name":"","cuont":1,"inner":{"open":3}}',
    });
    expect(reply.statusCode).toBe(400);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    const problem = reply.json();
    expect(problem).toMatchObject({
      code: 'REQUEST_INVALID',
      status: 400,
      type: 'urn:nexus:problem:request-invalid',
      title: 'Invalid request',
    });
    expect(problem.request_id).toBe(reply.headers['x-request-id']);
    expect(problem.details.problems).toEqual([
      { path: 'query', message: 'are not read by this route.', fix: 'Leave them away.' },
      { path: 'body.name', message: 'must have at least 1 character.', fix: 'Give more.' },
      { path: 'body.inner.open', message: 'must be a boolean.', fix: 'Give a boolean.' },
      { path: 'body.cuont', message: 'is not known.', fix: 'Did you mean count?' },
    ]);
  });

  test('refuses who brings no credential with 401, and who lacks the permission with 403', async () => {
    const server = await start();
    const nobody = await server.inject({ url: '/api/v1/things/a' });
    expect([nobody.statusCode, nobody.json().code]).toEqual([401, 'CREDENTIAL_MISSING']);
    expect(nobody.headers['www-authenticate']).toContain('Bearer');
    const weak = await server.inject({ method: 'DELETE', url: '/api/v1/things/a', headers: goodToken });
    expect([weak.statusCode, weak.json().code]).toEqual([403, 'PERMISSION_MISSING']);
  });

  test('refuses everybody when authentication itself fails', async () => {
    const server = await start({
      authenticate: async () => {
        throw new Error('no database');
      },
    });
    expect((await server.inject({ url: '/api/v1/things/a', headers: goodToken })).statusCode).toBe(500);
    expect((await server.inject({ url: '/health/live', headers: goodToken })).statusCode).toBe(200);
  });

  test('checks the permission before it reads a byte of the body', async () => {
    const server = await start();
    const reply = await server.inject({
      method: 'POST',
      url: '/api/v1/files?filename=a',
      payload: Buffer.alloc(100_000),
      headers: { 'content-type': 'text/plain' },
    });
    expect(reply.statusCode).toBe(401);
  });

  test('tells a public route who asks when somebody known does', async () => {
    const server = await start();
    const anonymous = await server.inject({ method: 'POST', url: '/api/v1/open' });
    const known = await server.inject({ method: 'POST', url: '/api/v1/open', headers: goodToken });
    expect([anonymous.json().known, known.json().known]).toEqual([false, true]);
  });

  test('takes bytes of any media type up to its own limit and names the limit beyond', async () => {
    const server = await start();
    const send = (size: number) =>
      server.inject({
        method: 'POST',
        url: '/api/v1/files?filename=a',
        headers: { ...goodToken, 'content-type': 'application/pdf' },
        payload: Buffer.alloc(size),
      });
    expect((await send(4096)).json()).toEqual({ size: 4096 });
    const large = await send(4097);
    expect(large.statusCode).toBe(413);
    expect(large.json()).toMatchObject({ code: 'BODY_TOO_LARGE', details: { max_bytes: 4096 } });
    expect(large.json().message).toContain('4096');
  });

  test('answers unknown addresses with 404 and known ones with another method with 405', async () => {
    const server = await start();
    const unknown = await server.inject({ url: '/api/v1/nothing', headers: goodToken });
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'ROUTE_NOT_FOUND']);
    const wrong = await server.inject({ method: 'PUT', url: '/api/v1/things/a', headers: goodToken });
    expect([wrong.statusCode, wrong.json().code, wrong.headers.allow]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'GET, DELETE',
    ]);
  });

  test('keeps a safe request id and replaces any other', async () => {
    const server = await start();
    const ask = async (id: string) =>
      (await server.inject({ url: '/health', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await ask('trace-1:a.b')).toBe('trace-1:a.b');
    expect(await ask('a b')).toMatch(/^[0-9a-f-]{36}\.[0-9a-z]+$/);
    expect(await ask('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}\.[0-9a-z]+$/);
  });

  test('sets cookies that scripts and other sites cannot reach, Secure behind https', async () => {
    const server = await start({ config: { trustProxy: ['127.0.0.1'] } });
    const make = async (headers: Record<string, string>) =>
      (
        await server.inject({
          method: 'POST',
          url: '/api/v1/things',
          headers: { ...json, ...headers },
          payload: '{"name":"a"}',
        })
      ).headers['set-cookie'];
    expect(await make({})).toBe('nexus_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict');
    expect(await make({ 'x-forwarded-proto': 'https' })).toMatch(/; Secure$/);
  });
});

describe('failures', () => {
  const ask = async (how: string, config = {}) => {
    const server = await start({ config });
    return { server, reply: await server.inject({ url: `/api/v1/failing/${how}`, headers: goodToken }) };
  };

  test('keep the code, and map details and Retry-After', async () => {
    const { reply } = await ask('limit');
    expect(reply.statusCode).toBe(429);
    expect(reply.headers['retry-after']).toBe('3');
    expect(reply.json()).toMatchObject({
      code: 'SAMPLE_LIMIT',
      message: 'Too many.',
      detail: 'Too many.',
      details: { retry_after_ms: 2500, max_things: 3 },
    });
    expect((await ask('unavailable')).reply.headers['retry-after']).toBe('1');
  });

  test('that nobody expected show nothing but the request id, and are logged without secrets', async () => {
    const { server, reply } = await ask('bug');
    expect(reply.statusCode).toBe(500);
    expect(reply.json()).toMatchObject({ code: 'INTERNAL_ERROR', details: {} });
    expect(reply.body).not.toMatch(/postgres|hunter2|\.ts/);
    const line = server.lines.map((text) => JSON.parse(text)).find(({ event }) => event === 'http.request_failed');
    expect(line).toMatchObject({ level: 'error', request_id: reply.json().request_id, route: '/api/v1/failing/{how}' });
    expect(JSON.stringify(line)).toContain('connect to postgres');
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });

  test('of a contract are found where replies are checked', async () => {
    expect((await ask('drift')).reply.statusCode).toBe(500);
    expect((await ask('undeclared')).reply.statusCode).toBe(500);
    expect((await ask('empty')).reply.statusCode).toBe(204);
    expect((await ask('drift', { checkReplies: false })).reply.statusCode).toBe(200);
  });

  test('to answer in time give 504, whether the route listens to its signal or not', async () => {
    expect((await ask('slow')).reply.json()).toMatchObject({ status: 504, code: 'HANDLER_TIMEOUT' });
    expect((await ask('deaf')).reply.json()).toMatchObject({ status: 504, code: 'HANDLER_TIMEOUT' });
  });
});

describe('requests from elsewhere', () => {
  const post = { method: 'POST', url: '/api/v1/things', payload: '{"name":"a"}' } as const;
  const cookie = { 'content-type': 'application/json', cookie: 'nexus_session=good', host: 'localhost:4590' };

  test('are refused when they change something from another site', async () => {
    const server = await start();
    const send = async (headers: Record<string, string>) =>
      (await server.inject({ ...post, headers: { ...cookie, ...headers } })).statusCode;
    expect(await send({ origin: 'http://localhost:4590' })).toBe(201);
    expect(await send({ 'sec-fetch-site': 'same-origin' })).toBe(201);
    expect(await send({ origin: 'http://evil.example' })).toBe(403);
    expect(await send({ origin: 'http://localhost:3000' })).toBe(403);
    expect(await send({ origin: 'null' })).toBe(403);
    expect(await send({ 'sec-fetch-site': 'same-site', origin: 'http://localhost:4590' })).toBe(403);
    expect(await send({})).toBe(403);
  });

  test('may read with a cookie, and may change with a token and no origin', async () => {
    const server = await start();
    expect(
      (await server.inject({ url: '/api/v1/things/a', headers: { cookie: 'nexus_session=good' } })).statusCode,
    ).toBe(200);
    expect((await server.inject({ ...post, headers: json })).statusCode).toBe(201);
  });

  test('are refused when they name a host that a loopback server does not have', async () => {
    const server = await start({ config: { allowedHosts: ['nexus.example'] } });
    const ask = async (host: string) => (await server.inject({ url: '/health', headers: { host } })).statusCode;
    for (const host of ['localhost', 'LOCALHOST:4590', '127.0.0.1:4590', '[::1]:1', 'nexus.example', 'localhost.'])
      expect(await ask(host)).toBe(200);
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost@evil.example', 'evil.example#localhost'])
      expect(await ask(host)).toBe(403);
  });

  test('may name any host on an open server until hosts are configured', async () => {
    const free = await start({ config: { host: '0.0.0.0' } });
    expect((await free.inject({ url: '/health', headers: { host: 'any.example' } })).statusCode).toBe(200);
    const named = await start({ config: { host: '0.0.0.0', allowedHosts: ['nexus.example'] } });
    expect((await named.inject({ url: '/health', headers: { host: 'any.example' } })).statusCode).toBe(403);
  });
});

describe('the route table', () => {
  const good = sampleRoutes[0];
  const refused = async (...routes: unknown[]) => {
    await expect(createSampleServer({ routes: routes as never })).rejects.toMatchObject({
      code: 'ROUTE_TABLE_INVALID',
    });
  };
  const row = {
    method: 'POST',
    path: '/a',
    permission: 'public',
    summary: '',
    tag: 't',
    request: {},
    responses: { 200: null },
    handle: async () => ({ status: 200 }),
  };

  test('refuses rows without a known permission, twice the same address, and contracts that do not fit', async () => {
    await refused({ ...row, permission: undefined });
    await refused({ ...row, permission: 'everything' });
    await refused(good, good);
    await refused({ ...row, path: '/a/{id}' });
    await refused({ ...row, path: '/a/:id' });
    await refused({ ...row, responses: {} });
    await refused({ ...row, request: { body: z.strictObject({ inner: z.object({ a: z.string() }) }) } });
    await refused({ ...row, permission: 'chat:read', ignoresCredentials: true });
  });

  test('makes the top of every contract strict by itself', async () => {
    const lax = route({
      ...row,
      method: 'POST',
      permission: 'public',
      request: { body: z.object({ a: z.string() }) },
    } as never);
    const server = await start({ routes: [lax] });
    const reply = await server.inject({
      method: 'POST',
      url: '/a',
      headers: { 'content-type': 'application/json' },
      payload: '{"a":"1","b":2}',
    });
    expect(reply.json().details.problems).toEqual([
      { path: 'body.b', message: 'is not known.', fix: 'Remove it; known here: a.' },
    ]);
  });
});

describe('health', () => {
  test('is live at once, ready and started only when nothing is missing', async () => {
    let missing = [{ name: 'database', reason: 'it is being migrated' }];
    const server = await start({ ready: () => missing });
    const ask = async (path: string) => (await server.inject({ url: `/health${path}` })).statusCode;
    expect([await ask(''), await ask('/live'), await ask('/ready'), await ask('/startup')]).toEqual([
      200, 200, 503, 503,
    ]);
    const reply = await server.inject({ url: '/health/ready' });
    expect(reply.json()).toMatchObject({
      code: 'SERVER_NOT_READY',
      details: { missing: [{ name: 'database', reason: 'it is being migrated' }] },
    });
    expect(reply.headers['retry-after']).toBe('1');
    missing = [];
    expect([await ask('/ready'), await ask('/startup')]).toEqual([200, 200]);
    server.startDraining();
    expect([await ask('/live'), await ask('/ready'), await ask('/startup')]).toEqual([200, 503, 200]);
  });

  test('in detail and metrics need system:read on the main listener and nothing on the second', async () => {
    const server = await start();
    expect((await server.inject({ url: '/metrics' })).statusCode).toBe(401);
    expect((await server.inject({ url: '/health/detailed', headers: goodToken })).statusCode).toBe(403);
    const metrics = createMetrics();
    const second = await createTelemetryServer({
      config: telemetryConfig.parse({ metricsPort: 0 }),
      http: httpConfig.parse({}),
      metrics,
      logger: silentLogger,
      ids: createIds(systemClock, systemRandom),
      clock: systemClock,
      ready: () => [],
      runChecks: async () => [{ name: 'database', status: 'down', needed: true, message: 'Refused.' }],
    });
    opened.push(second, { close: async () => metrics.close() });
    const { url } = await second.listen();
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('nexus_process_cpu_seconds_total');
    expect(text).toMatch(/nexus_event_loop_delay_p99_seconds [\d.e-]+/);
    const detailed = await fetch(`${url}/health/detailed`);
    expect([detailed.status, await detailed.json()]).toMatchObject([503, { status: 'down' }]);
    expect((await fetch(`${url}/api/v1/things/a`)).status).toBe(404);
  });
});

describe('metrics', () => {
  test('count requests by route pattern, and unknown addresses as unmatched', async () => {
    const server = await start();
    await server.inject({ url: '/api/v1/things/a', headers: goodToken });
    await server.inject({ url: '/api/v1/things/b', headers: goodToken });
    await server.inject({ url: `/random/${Math.random()}` });
    const text = await server.metrics.render();
    expect(text).toContain('nexus_http_requests_total{method="GET",route="/api/v1/things/{thing_id}",status="200"} 2');
    expect(text).toContain('route="unmatched",status="404"} 1');
    expect(text).toContain('nexus_http_requests_active 0');
    expect(server.activeRequests).toBe(0);
  });
});

describe('listen', () => {
  test('opens a free port for 0 and says where', async () => {
    const server = await start();
    const { url, port } = await server.listen();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test('names the port and the way out when it is taken', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    opened.push({ close: () => new Promise((resolve) => blocker.close(() => resolve())) });
    const server = await start({ config: { port } });
    const error = await server.listen().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'PORT_IN_USE', kind: 'conflict' });
    expect((error as AppError).message).toContain(`Port ${port}`);
    expect((error as AppError).message).toContain(`NEXUS_HTTP__PORT=${port + 1}`);
  });

  test('says so when the machine has no such address', async () => {
    const server = await start({ config: { host: '203.0.113.7' } });
    await expect(server.listen()).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });
});
