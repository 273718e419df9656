import { z } from 'zod';

const milliseconds = (max: number) => z.number().int().min(1).max(max);

/** The `http` piece of the configuration. */
export const httpConfig = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; 0.0.0.0 opens the server to the network.'),
  port: z.number().int().min(0).max(65535).default(4590).describe('Port to listen on; 0: any free one.'),
  allowedHosts: z
    .array(z.string().min(1).max(253))
    .max(100)
    .default([])
    .describe(
      'Host names that requests may be addressed to, besides localhost. Others are refused on a loopback address, or everywhere once this list has entries.',
    ),
  trustProxy: z
    .array(z.string().min(1))
    .max(100)
    .default([])
    .describe('Addresses or ranges of proxies whose X-Forwarded-* headers are believed.'),
  maxBodyBytes: z
    .number()
    .int()
    .min(1)
    .max(1024 ** 3)
    .default(1024 ** 2)
    .describe('Largest request body where a route names no limit of its own, in bytes.'),
  maxBodyBytesInFlight: z
    .number()
    .int()
    .min(1024 ** 2)
    .default(256 * 1024 ** 2)
    .describe('Memory that the bodies of all requests in flight may take together, in bytes.'),
  maxJsonDepth: z.number().int().min(1).max(1000).default(32).describe('Deepest nesting of a JSON body.'),
  maxHeaderBytes: z
    .number()
    .int()
    .min(1024)
    .max(1024 ** 2)
    .default(16 * 1024)
    .describe('Largest request head, in bytes.'),
  maxConnections: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe('Open connections; further ones are closed at once.'),
  headersTimeoutMs: milliseconds(600_000).default(10_000).describe('Time to send a request head, in milliseconds.'),
  requestTimeoutMs: milliseconds(3_600_000).default(120_000).describe('Time to send a whole request, in milliseconds.'),
  keepAliveTimeoutMs: milliseconds(600_000)
    .default(5_000)
    .describe('How long an idle connection is kept, in milliseconds.'),
  handlerTimeoutMs: milliseconds(3_600_000)
    .default(60_000)
    .describe('Time for an answer where a route names none of its own, in milliseconds.'),
  streamTimeoutMs: milliseconds(24 * 3_600_000)
    .default(900_000)
    .describe('Longest server-sent event stream, in milliseconds.'),
  streamStallTimeoutMs: milliseconds(600_000)
    .default(30_000)
    .describe('How long a stream waits for a reader that takes nothing, in milliseconds.'),
  heartbeatMs: milliseconds(600_000)
    .default(15_000)
    .describe('Pause after which a quiet stream sends a comment, in milliseconds.'),
  drainTimeoutMs: milliseconds(600_000)
    .default(30_000)
    .describe('Time for requests in flight to finish when the server stops, in milliseconds.'),
  lingerMs: milliseconds(60_000)
    .default(500)
    .describe(
      'How long a connection whose request was refused goes on taking bytes, so that its sender sees the refusal, in milliseconds.',
    ),
  slowRequestMs: milliseconds(600_000).default(500).describe('Requests that take longer are logged, in milliseconds.'),
  logRequests: z.boolean().default(false).describe('Whether each request is logged, not only slow and failed ones.'),
  checkReplies: z
    .boolean()
    .default(false)
    .describe('Whether replies are checked against their declared schema; for development and tests.'),
});

export type HttpConfig = z.output<typeof httpConfig>;
