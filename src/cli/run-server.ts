/** The server without a command around it: for containers, service managers and `nexus start --detach`. */
import { readConfiguration } from '#app/config.ts';
import { startServer } from '#app/start-server.ts';
import { reportFailure } from './report-failure.ts';
import { createTerminal } from './terminal.ts';

/** Prints the sign-in link unless `inBackground`, where nobody reads along and a log would keep it. */
export async function runServer({ inBackground }: { inBackground: boolean }): Promise<void> {
  const terminal = createTerminal(process.stdout, process.stderr);
  try {
    const server = await startServer(readConfiguration().config, { command: 'nexus main' });
    if (!inBackground) terminal.print(`Open ${await server.createSignInLink()} (works once).`);
  } catch (error) {
    process.exitCode = reportFailure(error, terminal, false);
  }
}
