import { readConfiguration } from '#app/config.ts';
import { startServer } from '#app/start-server.ts';
import { AppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import { findServer } from '../find-server.ts';
import { launchServer } from '../launch-server.ts';

export type StartOptions = { detach: boolean };

/** Runs the server in this terminal, or in the background; a second start only tells where the running one is. */
export async function runStart(context: CommandContext, { detach }: StartOptions): Promise<undefined> {
  const { config, terminal, asJson } = context;
  const running = await findServer(config.home);
  if (running === undefined && !detach) {
    if (asJson) throw logIsNoDocument();
    const server = await startServer(readConfiguration().config);
    if (server.url === '') {
      terminal.print(`Nexus runs as ${config.roles.join(' and ')}; another process serves requests.`);
      return;
    }
    terminal.print(
      `Nexus listens on ${server.url}. Open ${await server.createSignInLink()} (works once, for ${config.identity.signInTokenMinutes} minutes).`,
    );
    return;
  }
  if (running === undefined) await launchServer(config, {});
  const { url = '' } = await context.connect();
  const link = await signInLink(context);
  if (asJson) terminal.printJson({ url, sign_in_link: link, started: running === undefined });
  else {
    terminal.print(
      running === undefined
        ? `Nexus listens on ${url}.`
        : `Nexus is running already at ${url} (process ${running.pid}).`,
    );
    terminal.print(
      `Open ${link} (works once, for ${config.identity.signInTokenMinutes} minutes). Stop it with \`./nexus stop\`.`,
    );
  }
}

function logIsNoDocument(): AppError {
  return new AppError(
    'USAGE',
    'invalid',
    'A server in this terminal writes its log here, which is no single JSON document. Add `--detach`, or leave `--json` away.',
  );
}

/** A fresh one-time link to the page of the running server. */
export async function signInLink(context: CommandContext): Promise<string> {
  const connection = await context.connect();
  const { token } = await connection.call<{ token: string }>({ method: 'POST', path: '/api/v1/auth/sign-in-tokens' });
  return `${connection.url}/#token=${token}`;
}
