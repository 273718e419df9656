import { AppError } from '../errors.ts';
import { type Child, memoryError } from './child.ts';
import type { SandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';
import { residentMegabytes } from './process-memory.ts';

const memoryPollMs = 25;
/** Share of the limit at which a child is killed: below it, because memory grows between two looks. */
const killShare = 0.85;
/** A file that takes longer than this does so at the expense of its own time, not of the others'. */
const slowAfterMs = 500;
const slowNiceness = 15;

/** Several quick files may take this long together; whose fault it is shows when each is tried alone. */
const sharedDeadlineMs = 2_000;

/**
 * Kills the child at the deadline, above the memory limit, and when the caller goes away. Returns what ends the watch.
 * `files`: read in this exchange.
 */
export function guardChild(child: Child, config: SandboxConfig, signal: AbortSignal, files: number): () => void {
  const { maxMemoryMegabytes } = config;
  const deadlineMs = files > 1 ? Math.min(sharedDeadlineMs, config.deadlineMs) : config.deadlineMs;
  const tooSlow = setTimeout(() => {
    const message = `Reading the file took longer than ${deadlineMs} ms.`;
    child.kill(new AppError('PARSER_TIMEOUT', 'invalid', message, { details: { deadlineMs } }));
  }, deadlineMs);
  const memoryWatch = setInterval(() => {
    const megabytes = child.pid === undefined ? undefined : residentMegabytes(child.pid);
    if (megabytes !== undefined && megabytes > maxMemoryMegabytes * killShare)
      child.kill(memoryError({ maxMemoryMegabytes }));
  }, memoryPollMs);
  const slow = setTimeout(() => child.beNice(slowNiceness), slowAfterMs * files);
  const abort = (): void => child.kill(stoppingError());
  signal.addEventListener('abort', abort, { once: true });
  return () => {
    clearTimeout(tooSlow);
    clearTimeout(slow);
    clearInterval(memoryWatch);
    signal.removeEventListener('abort', abort);
  };
}
