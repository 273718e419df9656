import { configSchema } from '#app/config.ts';
import { redactConfiguration } from '#platform/configuration/describe-configuration.ts';
import type { CommandContext } from '../command.ts';

/** Every setting with its value and where it came from. Secrets are never shown. */
export async function runConfigShow({ configuration, terminal, asJson }: CommandContext): Promise<undefined> {
  const settings = redactConfiguration(configSchema, configuration);
  if (asJson) {
    terminal.printJson(settings);
    return;
  }
  const width = Math.max(...settings.map(({ path }) => path.length));
  for (const { path, value, origin } of settings) {
    const from = origin === 'default' ? '' : terminal.colours.dim(`  (${origin})`);
    terminal.print(
      `${path.padEnd(width)}  ${value === undefined || value === '' ? terminal.colours.dim('not set') : value}${from}`,
    );
  }
}
