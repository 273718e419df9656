/** What the server needs and how it is now: the answer of /health/ready and /health/detailed. */
import { statfs } from 'node:fs/promises';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Parser } from '#modules/ingestion/index.ts';
import type { HealthCheck, MissingPart } from '#platform/http/table/system-routes.ts';
import { withDeadline } from '#platform/lifecycle/with-deadline.ts';
import type { Database } from '#platform/postgres/ports.ts';
import type { Config } from './config.ts';
import { describeParser } from './describe-parser.ts';

export type Health = {
  /** What is missing before requests can be served; empty: ready. */
  missing(): Promise<MissingPart[]>;
  check(): Promise<HealthCheck[]>;
};

type Dependencies = { database: Database; gateway: Gateway; parser: Parser; config: Config };

/** A frozen database closes no connection; whoever asks for our health must hear of it before they give up on us. */
const pingDeadlineMs = 2000;
const lowDiskBytes = 500 * 1024 ** 2;

export function createHealth({ database, gateway, parser, config }: Dependencies): Health {
  let asking: Promise<HealthCheck> | undefined;

  /** Probes that come together share one look. */
  function checkDatabase(): Promise<HealthCheck> {
    asking ??= pingDatabase(database).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return {
    async missing() {
      const { name, status, message } = await checkDatabase();
      return status === 'up' ? [] : [{ name, reason: message }];
    },
    check: async () => [
      await checkDatabase(),
      await checkDisk(config.home),
      await checkParser(parser),
      checkEmbedder(gateway),
      checkModel(gateway),
    ],
  };
}

async function pingDatabase(database: Database): Promise<HealthCheck> {
  try {
    const late = () => new Error(`The database has not answered within ${pingDeadlineMs} ms.`);
    await withDeadline(database.ping(), pingDeadlineMs, late);
    return { name: 'database', status: 'up', needed: true, message: 'All logins answer.' };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'It does not answer.';
    return { name: 'database', status: 'down', needed: true, message };
  }
}

async function checkDisk(home: string): Promise<HealthCheck> {
  const { bavail, bsize } = await statfs(home);
  const freeBytes = bavail * bsize;
  const status = freeBytes < lowDiskBytes ? 'degraded' : 'up';
  return { name: 'disk', status, needed: false, message: `${Math.floor(freeBytes / 1024 ** 2)} MiB are free.` };
}

async function checkParser(parser: Parser): Promise<HealthCheck> {
  try {
    const { isStrong, message } = await describeParser(parser);
    return { name: 'parser', status: isStrong ? 'up' : 'degraded', needed: false, message };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'It cannot be started.';
    return { name: 'parser', status: 'down', needed: false, message };
  }
}

function checkEmbedder({ embeddingSpace }: Gateway): HealthCheck {
  const isFallback = embeddingSpace.provider === 'hashing';
  return {
    name: 'embedder',
    status: isFallback ? 'degraded' : 'up',
    needed: false,
    message: isFallback
      ? 'No embedding model is installed; vectors come from feature hashing. Run `./nexus models pull`.'
      : `${embeddingSpace.provider}:${embeddingSpace.model}, ${embeddingSpace.dimensions} dimensions.`,
  };
}

function checkModel({ chatModelId }: Gateway): HealthCheck {
  const message = chatModelId ?? 'No language model is configured; answers are extractive.';
  return { name: 'language model', status: 'up', needed: false, message };
}
