/** Which technology stands behind each port. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { createHashingEmbedder } from '#modules/gateway/adapters/hashing-embedder.ts';
import { openStaticEmbedder } from '#modules/gateway/adapters/static-embedder.ts';
import type { ChatModel, Embedder } from '#modules/gateway/index.ts';
import type { Parser } from '#modules/ingestion/index.ts';
import type { BlobStore } from '#platform/blobs/ports.ts';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import type { Database } from '#platform/postgres/ports.ts';
import type { Random } from '#platform/random.ts';
import type { Secret } from '#platform/secret.ts';
import type { DiskGuard } from '#platform/storage/disk-guard.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import type { Metrics } from '#platform/telemetry/metrics.ts';
import * as chatModelProviders from './chat-model-providers.ts';
import type { Config } from './config.ts';

/** Everything foreign that the modules stand on. Tests and the kill programs put their own in place of any of these. */
export type Adapters = {
  database: Database;
  embedder: Embedder;
  /** Undefined: no language model is configured; answers are extractive. */
  chatModel: ChatModel | undefined;
  parser: Parser;
  blobs: BlobStore;
  /** Seals what is kept outside of rows, and secrets within them. */
  fileKey: Secret;
  diskGuard: Pick<DiskGuard, 'requireSpace' | 'freeBytes'>;
  clock: Clock;
  ids: Ids;
  random: Random;
  logger: Logger;
  metrics: Metrics;
};

/** Throws `PROVIDER_UNKNOWN` for a name that no provider has. */
export function openChatModel(config: Config['gateway']): ChatModel | undefined {
  const providers = Object.values(chatModelProviders);
  const provider = providers.find((one) => one.name === config.provider);
  if (provider !== undefined) return provider.open(config);
  const names = providers.map((one) => one.name).join(', ');
  throw new AppError('PROVIDER_UNKNOWN', 'invalid', `No model provider is called ${config.provider}. Known: ${names}.`);
}

/** Where a model of this name lies: below `models.directory`, else below the home. */
export function modelDirectory(config: Config, name: string): string {
  return path.join(config.models.directory ?? path.join(config.home, 'models'), name);
}

/**
 * The static model, or feature hashing when no model folder was named and none was pulled. A folder that was named and
 * lacks the model is an error, not a fallback.
 */
export async function openEmbedder(config: Config, logger: Logger): Promise<Embedder> {
  const directory = modelDirectory(config, config.models.embedding);
  const isPresent = await access(directory).then(
    () => true,
    () => false,
  );
  if (isPresent || config.models.directory !== undefined) return openStaticEmbedder(directory);
  logger.warn('embedder.fallback', {
    module: 'app',
    message: `The embedding model ${config.models.embedding} is not installed, so vectors come from feature hashing and search leans on words. Run \`./nexus models pull ${config.models.embedding}\` or set NEXUS_MODEL_DIR.`,
  });
  return createHashingEmbedder();
}
