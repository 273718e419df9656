import { AppError } from '../errors.ts';
import { type Child, memoryError, residentMegabytes } from './child.ts';
import type { SandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';

const memoryPollMs = 50;

/** Kills the child at the deadline, above the memory limit, and when the caller goes away. Returns what ends the watch. */
export function guardChild(child: Child, config: SandboxConfig, signal: AbortSignal): () => void {
  const { deadlineMs, maxMemoryMegabytes } = config;
  const tooSlow = setTimeout(() => {
    const message = `Reading the file took longer than ${deadlineMs} ms.`;
    child.kill(new AppError('PARSER_TIMEOUT', 'invalid', message, { details: { deadlineMs } }));
  }, deadlineMs);
  const memoryWatch = setInterval(() => {
    const megabytes = child.pid === undefined ? undefined : residentMegabytes(child.pid);
    if (megabytes !== undefined && megabytes > maxMemoryMegabytes) child.kill(memoryError({ maxMemoryMegabytes }));
  }, memoryPollMs);
  const abort = (): void => child.kill(stoppingError());
  signal.addEventListener('abort', abort, { once: true });
  return () => {
    clearTimeout(tooSlow);
    clearInterval(memoryWatch);
    signal.removeEventListener('abort', abort);
  };
}
