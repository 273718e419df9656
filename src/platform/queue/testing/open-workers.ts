/** Workers on a test's database, with waits short enough for a test. */
import { systemClock } from '../../clock.ts';
import type { Secret } from '../../secret.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { type QueueConfig, queueConfig } from '../config.ts';
import type { JobQueue } from '../ports.ts';
import { startWorkers, type Workers } from '../start-workers.ts';

export type TestWorkers = Workers & { metrics: ReturnType<typeof createMetrics> };

/** `settings` over the standard ones. */
export async function openWorkers(
  url: Secret,
  queues: readonly JobQueue[],
  settings: Partial<QueueConfig> = {},
): Promise<TestWorkers> {
  const metrics = createMetrics({ processMetrics: false });
  const workers = await startWorkers({
    url,
    queues,
    config: { ...queueConfig.parse({}), firstRetryMs: 10, ...settings },
    clock: systemClock,
    logger: silentLogger,
    metrics,
    chance: () => 0,
  });
  return { ...workers, metrics };
}
