import type { FastifyInstance } from 'fastify';
import type { Clock } from '#platform/clock.ts';
import type { Idempotency } from '#platform/idempotency/idempotency.ts';
import type { Ids } from '#platform/ids.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import type { HttpConfig } from './config.ts';
import { createRequestsInFlight } from './request/requests-in-flight.ts';
import type { Route } from './route.ts';
import { assembleServer } from './server/assemble-server.ts';
import { drain } from './server/drain.ts';
import { type Listening, listen } from './server/listen.ts';
import type { Authenticate } from './server/register-route.ts';
import {
  type HealthCheck,
  type MissingPart,
  openApiRoute,
  operatorRoutes,
  probeRoutes,
} from './table/system-routes.ts';

export type HttpServerOptions = {
  /** The visible table. Health, metrics and /openapi.json are added to it. */
  routes: readonly Route[];
  /** Finds out who asks from the headers (bearer token, API key, cookie). Undefined: nobody known. */
  authenticate: Authenticate;
  /** Carries out a request with an Idempotency-Key once. Default: keys are not looked at. */
  idempotency?: Idempotency;
  config: HttpConfig;
  logger: Logger;
  metrics: Metrics;
  ids: Ids;
  clock: Clock;
  /** What is still missing before requests can be served; empty: ready. */
  ready(): readonly MissingPart[] | Promise<readonly MissingPart[]>;
  /** Every dependency as it is now, for /health/detailed. Default: none. */
  runChecks?(): Promise<readonly HealthCheck[]>;
  /** Folder of the built web page. Default: no page. */
  staticDirectory?: string;
  /** The product's version, for /openapi.json. Default `0.0.0`. */
  version?: string;
};

export type HttpServer = {
  /** Opens the port. Throws PORT_IN_USE or LISTEN_FAILED, naming the way out. */
  listen(): Promise<Listening>;
  /** A request without a port, for tests and for the command line when no server runs. */
  inject: FastifyInstance['inject'];
  /** Requests in flight. */
  readonly activeRequests: number;
  /** The whole table, with the rows that the server added. */
  readonly routes: readonly Route[];
  /** /health/ready answers 503 from now on; everything else is still served. */
  startDraining(): void;
  /** Stops accepting, finishes what is in flight within `drainTimeoutMs`, then closes. May be called twice. */
  close(): Promise<void>;
};

/** Builds the server from the table. Nothing is opened before `listen`. Throws ROUTE_TABLE_INVALID. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, metrics } = options;
  let draining = false;
  const inFlight = createRequestsInFlight();
  const findMissing = async () => (draining ? [{ name: 'server', reason: 'it is stopping' }] : options.ready());
  const table = [
    ...options.routes,
    ...probeRoutes(findMissing),
    ...operatorRoutes('system:read', { metrics, runChecks: options.runChecks ?? (async () => []) }),
  ];
  const routes = [...table, openApiRoute(table, { title: 'Nexus', version: options.version ?? '0.0.0' })];
  const server = await assembleServer({
    ...options,
    routes,
    idempotency: options.idempotency,
    staticDirectory: options.staticDirectory,
    inFlight,
    isDraining: () => draining,
  });
  let closing: Promise<void> | undefined;
  return {
    listen: () => listen(server, { host: config.host, port: config.port, portVariable: 'NEXUS_HTTP__PORT' }),
    inject: server.inject.bind(server),
    get activeRequests() {
      return inFlight.count;
    },
    routes,
    startDraining() {
      draining = true;
    },
    close() {
      draining = true;
      closing ??= drain(server, inFlight, config.drainTimeoutMs);
      return closing;
    },
  };
}
