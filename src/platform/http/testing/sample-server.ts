/** A small server with one route of every sort, for the tests of the shell. */
import { z } from 'zod';
import { systemClock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import { createIds } from '#platform/ids.ts';
import type { Caller } from '#platform/permissions.ts';
import { systemRandom } from '#platform/random.ts';
import { createLogger } from '#platform/telemetry/logger.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { type HttpConfig, httpConfig } from '../config.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../create-http-server.ts';
import { type Route, route } from '../route.ts';

const caller: Caller = {
  organizationId: 'organization-1',
  subjectId: 'key-1',
  permissions: new Set(['documents:read', 'documents:write', 'chat:write']),
};

export const goodToken = { authorization: 'Bearer good-token' };

const thing = { permission: 'documents:read', tag: 'things', summary: 'A sample.' } as const;

const readThing = route({
  ...thing,
  method: 'GET',
  path: '/api/v1/things/{thing_id}',
  request: {
    params: z.object({ thing_id: z.string().max(20) }),
    query: z.strictObject({ limit: z.coerce.number().int().max(10).default(5).describe('Most things.') }),
  },
  responses: { 200: z.strictObject({ id: z.string(), limit: z.number(), organization: z.string() }) },
  handle: async ({ params, query, caller: asker }) => ({
    status: 200,
    body: { id: params.thing_id, limit: query.limit, organization: asker.organizationId },
  }),
});

const makeThing = route({
  ...thing,
  method: 'POST',
  path: '/api/v1/things',
  permission: 'documents:write',
  request: {
    body: z.strictObject({
      name: z.string().min(1).max(10),
      count: z.number().int().optional(),
      inner: z.strictObject({ open: z.boolean() }).optional(),
    }),
  },
  responses: { 201: z.strictObject({ name: z.string() }) },
  handle: async ({ body }) => ({
    status: 201,
    body: { name: body.name },
    cookies: [{ name: 'nexus_session', value: 'abc', maxAgeSeconds: 60 }],
  }),
});

const takeFile = route({
  ...thing,
  method: 'POST',
  path: '/api/v1/files',
  permission: 'documents:write',
  request: { body: 'bytes', query: z.strictObject({ filename: z.string() }) },
  responses: { 201: z.strictObject({ size: z.number() }) },
  maxBodyBytes: 4096,
  handle: async ({ body }) => ({ status: 201, body: { size: body.length } }),
});

const failThing = route({
  ...thing,
  method: 'GET',
  path: '/api/v1/failing/{how}',
  request: { params: z.object({ how: z.string() }) },
  responses: { 200: z.strictObject({}), 204: null },
  timeoutMs: 50,
  async handle({ params, signal }) {
    if (params.how === 'limit') {
      throw new AppError('SAMPLE_LIMIT', 'limit', 'Too many.', { details: { retryAfterMs: 2500, maxThings: 3 } });
    }
    if (params.how === 'unavailable') throw new AppError('SAMPLE_AWAY', 'unavailable', 'Away.');
    if (params.how === 'drift') return { status: 200, body: { surprise: 1 } };
    if (params.how === 'undeclared') return { status: 202, body: {} };
    if (params.how === 'empty') return { status: 204 };
    if (params.how === 'slow') await new Promise((resolve) => signal.addEventListener('abort', resolve));
    if (params.how === 'deaf') await new Promise((resolve) => setTimeout(resolve, 500));
    throw new Error('connect to postgres://user:hunter2@host failed');
  },
});

const openThing = route({
  ...thing,
  method: 'POST',
  path: '/api/v1/open',
  permission: 'public',
  request: {},
  responses: { 200: z.strictObject({ known: z.boolean(), secure: z.boolean() }) },
  handle: async ({ caller: asker, secure }) => ({ status: 200, body: { known: asker !== undefined, secure } }),
});

const forbiddenThing = route({
  ...thing,
  method: 'DELETE',
  path: '/api/v1/things/{thing_id}',
  permission: 'system:write',
  request: { params: z.object({ thing_id: z.string() }) },
  responses: { 204: null },
  handle: async () => ({ status: 204 }),
});

export const sampleRoutes: readonly Route[] = [readThing, makeThing, takeFile, failThing, openThing, forbiddenThing];

export type SampleServer = HttpServer & { lines: string[]; metrics: HttpServerOptions['metrics'] };

/** Starts nothing: `inject` works at once, `listen` opens a free port. */
export async function createSampleServer(
  changes: Partial<Omit<HttpServerOptions, 'config'>> & { config?: Partial<HttpConfig> } = {},
): Promise<SampleServer> {
  const { config, ...options } = changes;
  const lines: string[] = [];
  const metrics = createMetrics({ processMetrics: false });
  const server = await createHttpServer({
    routes: sampleRoutes,
    authenticate: async ({ authorization, cookie }) =>
      authorization === goodToken.authorization || cookie === 'nexus_session=good' ? caller : undefined,
    logger: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }),
    metrics,
    ids: createIds(systemClock, systemRandom),
    clock: systemClock,
    ready: () => [],
    ...options,
    config: httpConfig.parse({ port: 0, drainTimeoutMs: 300, checkReplies: true, ...config }),
  });
  return Object.defineProperties(server as SampleServer, { lines: { value: lines }, metrics: { value: metrics } });
}
