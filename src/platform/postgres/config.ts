import { z } from 'zod';
import { Secret } from '../secret.ts';

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/\S+$/, 'must look like postgresql://user:password@host:5432/database')
  .transform((value) => new Secret(value));

const poolSize = (size: number) => z.int().min(1).max(200).default(size);

/** Settings of the database, embedded or a server. */
export const databaseConfig = z.strictObject({
  url: postgresUrl
    .optional()
    .describe(
      'PostgreSQL 15–18 to use, as a login that may create roles (also DATABASE_URL). Default: the embedded server.',
    ),
  loginSecret: z
    .string()
    .min(16, 'must have at least 16 characters')
    .transform((value) => new Secret(value))
    .optional()
    .describe(
      'From it the passwords of the four logins are derived. Needed with `url` unless all login URLs are set; the embedded server keeps its own.',
    ),
  ownerUrl: postgresUrl
    .optional()
    .describe('URL of the login nexus_owner. Default: derived from `url` and `loginSecret`.'),
  appUrl: postgresUrl.optional().describe('URL of the login nexus_app. Default: derived.'),
  resolverUrl: postgresUrl.optional().describe('URL of the login nexus_resolver. Default: derived.'),
  systemUrl: postgresUrl.optional().describe('URL of the login nexus_system. Default: derived.'),
  pools: z
    .strictObject({
      app: poolSize(8).describe('Connections for requests and jobs, opened when needed.'),
      system: poolSize(2).describe('Connections for relay, follower and scheduler.'),
      resolver: poolSize(2).describe('Connections that look up credentials.'),
      maxWaiting: z
        .int()
        .min(1)
        .max(100_000)
        .default(500)
        .describe('Callers that may wait for a connection, per login.'),
      idleTimeoutMs: z
        .int()
        .min(100)
        .max(3_600_000)
        .default(30_000)
        .describe('An unused connection is closed after this.'),
    })
    .prefault({}),
  connectTimeoutMs: z.int().min(100).max(120_000).default(5_000).describe('Longest wait for a connection.'),
  statementTimeoutMs: z.int().min(100).max(3_600_000).default(30_000).describe('Longest run of one statement.'),
  lockTimeoutMs: z.int().min(100).max(3_600_000).default(10_000).describe('Longest wait for a lock.'),
  idleInTransactionTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('A transaction that does nothing for so long is ended; open ones hold back every follower.'),
  embedded: z
    .strictObject({
      sharedBuffersMb: z.int().min(8).max(16_384).default(32).describe('Page cache of the embedded server, in MiB.'),
      workMemMb: z.int().min(1).max(1_024).default(4).describe('Memory of one sort or hash, in MiB.'),
      maxConnections: z.int().min(15).max(500).default(40).describe('Connections the embedded server accepts.'),
      maxWalMb: z
        .int()
        .min(64)
        .max(16_384)
        .default(128)
        .describe('Log size that forces a checkpoint; bounds recovery.'),
      startTimeoutMs: z.int().min(1_000).max(600_000).default(30_000).describe('Longest wait until it is ready.'),
      stopTimeoutMs: z
        .int()
        .min(100)
        .max(60_000)
        .default(10_000)
        .describe('Longest fast shutdown before it is forced.'),
      maxRestarts: z.int().min(0).max(10_000).default(720).describe('Failed restarts in a row before it is given up.'),
    })
    .prefault({}),
});

export type DatabaseConfig = z.output<typeof databaseConfig>;
export type EmbeddedConfig = DatabaseConfig['embedded'];
