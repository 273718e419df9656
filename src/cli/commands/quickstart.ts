import path from 'node:path';
import { projectRoot } from '#app/config.ts';
import type { CommandContext } from '../command.ts';
import { findServer } from '../find-server.ts';
import { isPortFree } from '../free-port.ts';
import { launchServer } from '../launch-server.ts';
import { ask, printAnswer } from './ask.ts';
import { ingest } from './ingest.ts';
import { signInLink } from './start.ts';

const sampleFolder = path.join(projectRoot, 'sample/handbook');
const sampleQuestion = 'How many days a week may I work from home?';

/** From nothing to a cited answer: server, sample folder, question, and what to do next. */
export async function runQuickstart(context: CommandContext): Promise<number> {
  const { config, terminal } = context;
  const { bold, dim, green } = terminal.colours;
  const step = (text: string) => terminal.print(`${green('›')} ${text}`);

  const running = await findServer(config.home);
  if (running === undefined) {
    step('Starting the server with its own PostgreSQL …');
    await launchServer(config, await portsToUse(context));
  }
  const { url = '' } = await context.connect();
  step(running === undefined ? `It listens on ${url}.` : `The server runs already on ${url}.`);

  const report = await ingest(context, sampleFolder, {});
  step(
    `${report.created + report.updated + report.unchanged} sample documents are searchable (${report.chunks} chunks, ${report.seconds.toFixed(1)} s).`,
  );
  for (const { file, message } of report.failed) terminal.note(`Failed ${file}: ${message}`);

  step(`Asking: ${bold(sampleQuestion)}`);
  const reply = await ask(context, sampleQuestion, { atLeast: report.position });
  if (context.asJson) terminal.printJson(reply);
  else printAnswer(terminal, reply);

  terminal.print();
  terminal.print(bold('Next'));
  terminal.print(`  Open the page:       ${await signInLink(context)} ${dim('(works once)')}`);
  terminal.print('  Your own documents:  ./nexus ingest FOLDER');
  terminal.print('  Ask again:           ./nexus ask "When are claims too late?"');
  terminal.print('  Stop the server:     ./nexus stop');
  return report.failed.length > 0 || reply.declined ? 1 : 0;
}

/** A newcomer's port may be taken; then any free one is used and said. Ports that were set by hand are not changed. */
async function portsToUse({ config, configuration, terminal }: CommandContext): Promise<Record<string, string>> {
  const ports = [
    { path: 'http.port', name: 'NEXUS_HTTP__PORT', host: config.http.host, port: config.http.port },
    {
      path: 'telemetry.metricsPort',
      name: 'NEXUS_TELEMETRY__METRICS_PORT',
      host: config.telemetry.metricsHost,
      port: config.telemetry.metricsPort,
    },
  ];
  const changed: Record<string, string> = {};
  for (const { path: setting, name, host, port } of ports) {
    if (configuration.origins.has(setting) || (await isPortFree(host, port))) continue;
    terminal.note(`Port ${port} is in use by another program, so a free one is taken.`);
    changed[name] = '0';
  }
  return changed;
}
