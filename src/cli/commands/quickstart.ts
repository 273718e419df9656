import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { projectRoot } from '#app/project-root.ts';
import type { CommandContext } from '../command.ts';
import { findServer } from '../find-server.ts';
import { isPortFree } from '../free-port.ts';
import { launchServer } from '../launch-server.ts';
import type { Terminal } from '../terminal.ts';
import { ask, printAnswer } from './ask.ts';
import { ingest } from './ingest.ts';
import { signInLink } from './start.ts';

const sampleFolder = path.join(projectRoot, 'sample/handbook');
const sampleQuestion = 'How many days a week may I work from home?';

/** From nothing to a cited answer: server, sample folder, question, and what to do next. */
export async function runQuickstart(context: CommandContext): Promise<number> {
  const { terminal, asJson } = context;
  const { bold, green } = terminal.colours;
  const step = (text: string) => (asJson ? terminal.note(text) : terminal.print(`${green('›')} ${text}`));

  const url = await reachServer(context, step);

  const report = await ingest(context, sampleFolder, {});
  step(
    `${report.created + report.updated + report.unchanged} sample documents are searchable (${report.chunks} chunks, ${report.seconds.toFixed(1)} s).`,
  );
  for (const { file, message } of report.failed) terminal.note(`Failed ${file}: ${message}`);

  step(`Asking: ${bold(sampleQuestion)}`);
  const reply = await ask(context, sampleQuestion, { atLeast: report.position });
  const link = url === undefined ? undefined : await signInLink(context);
  if (asJson) terminal.printJson({ url, sign_in_link: link, answer: reply });
  else {
    printAnswer(terminal, reply);
    printNextSteps(terminal, link);
  }
  return report.failed.length > 0 || reply.declined ? 1 : 0;
}

/** The address of the server, which is started when none runs; undefined when this machine cannot speak to itself. */
async function reachServer(context: CommandContext, step: (text: string) => void): Promise<string | undefined> {
  const { config } = context;
  const running = await findServer(config.home);
  if (running === undefined && !hasLoopback()) {
    step('This machine has no loopback network (`ip link set lo up`), so everything happens in this process.');
    return undefined;
  }
  if (running === undefined) {
    step('Starting the server with its own PostgreSQL …');
    await launchServer(config, await portsToUse(context));
  }
  const { url } = await context.connect();
  step(running === undefined ? `It listens on ${url}.` : `The server runs already on ${url}.`);
  return url;
}

/** A network namespace without any network lacks even this one. */
function hasLoopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => internal));
}

function printNextSteps(terminal: Terminal, link: string | undefined): void {
  const { bold, dim } = terminal.colours;
  terminal.print();
  terminal.print(bold('Next'));
  if (link !== undefined) terminal.print(`  Open the page:       ${link} ${dim('(works once)')}`);
  terminal.print('  Your own documents:  ./nexus ingest FOLDER');
  terminal.print('  Ask again:           ./nexus ask "When are claims too late?"');
  if (link !== undefined) terminal.print('  Stop the server:     ./nexus stop');
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
