import type { Clock } from '#platform/clock.ts';
import type { Ids } from '#platform/ids.ts';
import type { TelemetryConfig } from '#platform/telemetry/config.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import type { HttpConfig } from './config.ts';
import { createRequestsInFlight } from './request/requests-in-flight.ts';
import { assembleServer } from './server/assemble-server.ts';
import { drain } from './server/drain.ts';
import { type Listening, listen } from './server/listen.ts';
import { type HealthCheck, type MissingPart, operatorRoutes, probeRoutes } from './table/system-routes.ts';

export type TelemetryServerOptions = {
  config: TelemetryConfig;
  /** Limits and allowed hosts are those of the main server. */
  http: HttpConfig;
  metrics: Metrics;
  logger: Logger;
  ids: Ids;
  clock: Clock;
  ready(): readonly MissingPart[] | Promise<readonly MissingPart[]>;
  runChecks(): Promise<readonly HealthCheck[]>;
};

export type TelemetryServer = { listen(): Promise<Listening>; close(): Promise<void> };

const drainTimeoutMs = 1000;

/** The second listener: /metrics, /health/detailed and the probes, without credentials, on an address of its own. */
export async function createTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const { config, http, metrics, logger, ids, clock, ready, runChecks } = options;
  const inFlight = createRequestsInFlight();
  const target = { host: config.metricsHost, port: config.metricsPort };
  const server = await assembleServer({
    routes: [...probeRoutes(async () => ready()), ...operatorRoutes('public', { metrics, runChecks })],
    authenticate: async () => undefined,
    idempotency: undefined,
    config: { ...http, ...target },
    logger,
    metrics: undefined,
    ids,
    clock,
    staticDirectory: undefined,
    inFlight,
    isDraining: () => false,
  });
  return {
    listen: () => listen(server, { ...target, portVariable: 'NEXUS_TELEMETRY__METRICS_PORT' }),
    close: () => drain(server, inFlight, drainTimeoutMs),
  };
}
