/** The whole configuration: every module's piece, read once. The only file that reads the environment. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { chatConfig } from '#modules/chat/config.ts';
import { corpusConfig } from '#modules/corpus/config.ts';
import { evaluationConfig } from '#modules/evaluation/config.ts';
import { gatewayConfig } from '#modules/gateway/config.ts';
import { identityConfig } from '#modules/identity/config.ts';
import { ingestionConfig } from '#modules/ingestion/config.ts';
import { messagingConfig } from '#modules/messaging/config.ts';
import { retrievalConfig } from '#modules/retrieval/config.ts';
import { blobsConfig } from '#platform/blobs/config.ts';
import { type LoadedConfiguration, loadConfiguration } from '#platform/configuration/load-configuration.ts';
import { isSecretSchema } from '#platform/configuration/secret-schema.ts';
import { listSettings } from '#platform/configuration/settings.ts';
import { eventsConfig } from '#platform/events/config.ts';
import { httpConfig } from '#platform/http/config.ts';
import { idempotencyConfig } from '#platform/idempotency/config.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { queueConfig } from '#platform/queue/config.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';
import { Secret } from '#platform/secret.ts';
import { storageConfig } from '#platform/storage/config.ts';
import { telemetryConfig } from '#platform/telemetry/config.ts';
import { projectRoot } from './project-root.ts';

export const roles = ['api', 'scheduler', 'worker'] as const;

export const configSchema = z.strictObject({
  home: z
    .string()
    .min(1)
    .default('.nexus')
    .describe('Folder of everything Nexus keeps (also NEXUS_HOME); a relative path starts at the project’s folder.'),
  roles: z
    .array(z.enum(roles))
    .min(1)
    .default([...roles])
    .describe(
      'What this process does (also ROLES): `api` serves requests, `scheduler` does the periodic work, `worker` takes jobs from the queues.',
    ),
  models: z
    .strictObject({
      directory: z
        .string()
        .min(1)
        .optional()
        .describe('Folder with one folder a model (also NEXUS_MODEL_DIR). Default: `models` below the home.'),
      embedding: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
        .default('potion-base-4M-int8')
        .describe('The static embedding model, by the name of its folder.'),
    })
    .prefault({}),
  http: httpConfig.prefault({}),
  telemetry: telemetryConfig.prefault({}),
  database: databaseConfig.prefault({}),
  storage: storageConfig.prefault({}),
  blobs: blobsConfig.prefault({}),
  events: eventsConfig.prefault({}),
  messaging: messagingConfig.prefault({}),
  idempotency: idempotencyConfig.prefault({}),
  worker: queueConfig.prefault({}),
  sandbox: sandboxConfig.prefault({}),
  identity: identityConfig.prefault({}),
  gateway: gatewayConfig.prefault({}),
  corpus: corpusConfig.prefault({}),
  ingestion: ingestionConfig.prefault({}),
  retrieval: retrievalConfig.prefault({}),
  chat: chatConfig.prefault({}),
  evaluation: evaluationConfig.prefault({}),
});

export type Config = z.output<typeof configSchema>;

/** The names that everybody knows, beside the mechanical `NEXUS_MODULE__PATH__TO_SETTING`. */
export const wellKnownNames = {
  NEXUS_HOME: 'home',
  ROLES: 'roles',
  NEXUS_MODEL_DIR: 'models.directory',
  DATABASE_URL: 'database.url',
  OPENAI_API_KEY: 'gateway.openai.apiKey',
  OPENAI_BASE_URL: 'gateway.openai.baseUrl',
} as const;

const fileName = 'nexus.config.yaml';

/** Read by the tests and benchmarks, not settings of the product. */
const testNames = ['NEXUS_TEST_DATA', 'NEXUS_TEST_DATABASE_URL'];

export type ReadConfiguration = LoadedConfiguration<typeof configSchema>;

/**
 * Reads defaults, `nexus.config.yaml` in the project's folder and the environment; `overrides` by path win. Throws
 * `CONFIGURATION_INVALID` with every problem at once.
 */
export function readConfiguration(overrides: Readonly<Record<string, unknown>> = {}): ReadConfiguration {
  const file = path.join(projectRoot, fileName);
  const { config, origins } = loadConfiguration({
    schema: configSchema,
    environment: process.env,
    file: existsSync(file) ? { path: fileName, text: readFileSync(file, 'utf8') } : undefined,
    wellKnown: wellKnownNames,
    otherNames: testNames,
    overrides,
  });
  return { config: { ...config, home: path.resolve(projectRoot, config.home) }, origins };
}

/** Every setting by path, but for the secrets: what a process that we start is given to have the same configuration. */
export function settingsOf(config: Config): Record<string, unknown> {
  const settings = listSettings(configSchema).filter(({ schema }) => !isSecretSchema(schema));
  const values = settings.map(({ path: name }) => [name, valueAt(config, name)] as const);
  // A schema that makes a secret of a text is not one of secrets; whoever is started has these by the environment too.
  return Object.fromEntries(values.filter(([, value]) => !(value instanceof Secret)));
}

function valueAt(config: unknown, name: string): unknown {
  return name.split('.').reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], config);
}

/** What a server that is started in the background inherits. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
