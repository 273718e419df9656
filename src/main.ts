/** The server as a container or a service manager starts it, roles from ROLES. In the background it prints no link. */
import { readConfiguration } from '#app/config.ts';
import { startServer } from '#app/start-server.ts';
import { reportFailure } from '#cli/report-failure.ts';
import { createTerminal } from '#cli/terminal.ts';

const terminal = createTerminal(process.stdout, process.stderr);
try {
  const server = await startServer(readConfiguration().config, { command: 'nexus main' });
  if (!process.argv.includes('--background')) terminal.print(`Open ${await server.createSignInLink()} (works once).`);
} catch (error) {
  process.exitCode = reportFailure(error, terminal, false);
}
