/** What every server of ours answers besides its own routes: is it alive, is it ready, how is it, what can it do. */
import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import type { Permission } from '#platform/permissions.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import { type Route, route } from '../route.ts';
import { describeRoutes, type OpenApiInfo } from './openapi.ts';

/** Something that the server waits for before it can serve. */
export type MissingPart = { name: string; reason: string };

/** One dependency as it is now. `needed`: without it the server cannot serve. */
export type HealthCheck = { name: string; status: 'up' | 'degraded' | 'down'; needed: boolean; message: string };

const aliveReply = z.strictObject({ status: z.literal('ok') });
const healthReply = z.strictObject({
  status: z.enum(['up', 'degraded', 'down']),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['up', 'degraded', 'down']),
      needed: z.boolean().describe('True: without it the server cannot serve.'),
      message: z.string(),
    }),
  ),
});

const probe = { method: 'GET', permission: 'public', ignoresCredentials: true, tag: 'system', request: {} } as const;
const alive = { status: 200, body: { status: 'ok' } } as const;

function refuseUntilReady(missing: readonly MissingPart[]): void {
  if (missing.length === 0) return;
  const names = missing.map(({ name, reason }) => `${name} (${reason})`).join(', ');
  throw new AppError('SERVER_NOT_READY', 'unavailable', `The server cannot serve yet; it waits for: ${names}.`, {
    details: { missing },
  });
}

/** `/health`, `/health/live`, `/health/ready` and `/health/startup`: public, and answered without any other part. */
export function probeRoutes(findMissing: () => Promise<readonly MissingPart[]>): Route[] {
  let startedUp = false;
  const ready = async () => {
    refuseUntilReady(await findMissing());
    startedUp = true;
    return alive;
  };
  const responses = { 200: aliveReply };
  return [
    route({ ...probe, path: '/health', summary: 'Whether the process answers.', responses, handle: async () => alive }),
    route({
      ...probe,
      path: '/health/live',
      summary: 'Whether the process answers.',
      responses,
      handle: async () => alive,
    }),
    route({
      ...probe,
      path: '/health/ready',
      summary: 'Whether requests can be served now.',
      responses,
      handle: ready,
    }),
    route({
      ...probe,
      path: '/health/startup',
      summary: 'Whether the server has been ready once.',
      responses,
      handle: async () => (startedUp ? alive : ready()),
    }),
  ];
}

/** `/metrics` and `/health/detailed`, for operators. */
export function operatorRoutes(
  permission: Permission | 'public',
  { metrics, runChecks }: { metrics: Metrics; runChecks: () => Promise<readonly HealthCheck[]> },
): Route[] {
  const overall = (checks: readonly HealthCheck[]) => {
    if (checks.some(({ status, needed }) => needed && status === 'down')) return 'down';
    return checks.some(({ status }) => status !== 'up') ? 'degraded' : 'up';
  };
  return [
    route({
      method: 'GET',
      path: '/metrics',
      permission,
      summary: 'The metrics in the Prometheus text format.',
      tag: 'system',
      request: {},
      responses: { 200: z.string() },
      handle: async () => ({
        status: 200,
        body: await metrics.render(),
        headers: { 'content-type': metrics.contentType },
      }),
    }),
    route({
      method: 'GET',
      path: '/health/detailed',
      permission,
      summary: 'Every dependency and its state; 503 when a needed one is down.',
      tag: 'system',
      request: {},
      responses: { 200: healthReply, 503: healthReply },
      handle: async () => {
        const checks = await runChecks();
        const status = overall(checks);
        return { status: status === 'down' ? 503 : 200, body: { status, checks } };
      },
    }),
  ];
}

/** `/openapi.json`, describing `routes` and itself. */
export function openApiRoute(routes: readonly Route[], info: OpenApiInfo): Route {
  let document: string | undefined;
  const itself: Route = route({
    ...probe,
    path: '/openapi.json',
    summary: 'This interface as an OpenAPI 3.1 document.',
    responses: { 200: z.looseObject({ openapi: z.string() }) },
    handle: async () => {
      document ??= JSON.stringify(describeRoutes([...routes, itself], info));
      return { status: 200, body: document, headers: { 'content-type': 'application/json; charset=utf-8' } };
    },
  });
  return itself;
}
