/** One worker process that a server started beside itself; see worker-processes.ts. */
import { createClosables } from '#platform/lifecycle/closables.ts';
import { createShutdown } from '#platform/lifecycle/shutdown.ts';
import { createLogger } from '#platform/telemetry/logger.ts';
import { readConfiguration } from './config.ts';
import { openInstance } from './open-instance.ts';
import { startOwnWorkers, workerStopMsOf } from './start-worker-role.ts';
import type { WorkerOrder, WorkerReport } from './worker-processes.ts';

const failedExitCode = 1;

let stop: (() => void) | undefined;

/** From here on it may have work in hand, and wants to be told to stop. */
const sayReady = () => process.send?.({ kind: 'ready' } satisfies WorkerReport);

// The server is gone, and with it the embedded database: whatever is in hand goes to another worker.
process.on('disconnect', () => process.exit(failedExitCode));
process.on('message', (order: WorkerOrder) => {
  if (order.kind === 'start') void start(order.settings);
  // While it still starts it has nothing in hand.
  else if (stop === undefined) process.exit(0);
  else stop();
});

async function start(settings: Readonly<Record<string, unknown>>): Promise<void> {
  const { config } = readConfiguration(settings);
  const logger = createLogger({ level: config.telemetry.logLevel, format: config.telemetry.logFormat });
  const closables = createClosables();
  try {
    const instance = await openInstance({
      config,
      logger,
      closables,
      command: 'nexus worker',
      ownsHome: false,
      onDatabaseLost: () => process.exit(failedExitCode),
    });
    const workers = await startOwnWorkers({ instance, config, logger });
    const shutdown = createShutdown(
      { refuseWork: workers.stopFetching, drain: workers.close, close: closables.close },
      { drainTimeoutMs: workerStopMsOf(config) },
    );
    stop = () => void shutdown.begin();
    sayReady();
    logger.info('worker.ready', { module: 'app', pid: process.pid });
  } catch (error) {
    logger.error('worker.start_failed', { module: 'app', error });
    await closables.close().catch(() => undefined);
    process.exit(failedExitCode);
  }
}
