/** The server without a command around it: for containers, service managers and `nexus start --detach`. */
import { readConfiguration } from '#app/config.ts';
import { startServer } from '#app/start-server.ts';
import { createLogger } from '#platform/telemetry/logger.ts';
import { exitCodeOf, reportFailure } from './report-failure.ts';
import { startFailedEvent } from './start-failed-event.ts';
import { createTerminal } from './terminal.ts';

/** `inBackground`: nobody reads along, so a log keeps no sign-in link, and a failed start is a line that a program reads. */
export async function runServer({ inBackground }: { inBackground: boolean }): Promise<void> {
  const terminal = createTerminal(process.stdout, process.stderr);
  try {
    const server = await startServer(readConfiguration().config, { command: 'nexus main' });
    if (!inBackground && server.url !== '') terminal.print(`Open ${await server.createSignInLink()} (works once).`);
  } catch (error) {
    if (inBackground) {
      createLogger().error(startFailedEvent, { module: 'cli', error });
      process.exitCode = exitCodeOf(error);
    } else process.exitCode = reportFailure(error, terminal, false);
  }
}
