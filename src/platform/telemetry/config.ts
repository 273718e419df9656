import { z } from 'zod';

/** The `telemetry` piece of the configuration. */
export const telemetryConfig = z.strictObject({
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe log lines that are written.'),
  logFormat: z
    .enum(['json', 'pretty', 'auto'])
    .default('auto')
    .describe('Lines for machines or for people; `auto`: pretty in a terminal, else JSON.'),
  metricsEnabled: z
    .boolean()
    .default(true)
    .describe('Whether the second listener with /metrics and /health/detailed is opened.'),
  metricsHost: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address of the second listener; it asks for no credential.'),
  metricsPort: z
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9464)
    .describe('Port of the second listener; 0: any free one.'),
});

export type TelemetryConfig = z.output<typeof telemetryConfig>;
