/** What every command gets, and how one is run: configuration read, connection closed, failure reported. */
import { type Config, type ReadConfiguration, readConfiguration } from '#app/config.ts';
import type { Logger } from '#platform/telemetry/logger.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { createNoteLogger } from './note-logger.ts';
import { reportFailure } from './report-failure.ts';
import type { Terminal } from './terminal.ts';

export type CommandContext = {
  terminal: Terminal;
  /** True: one JSON document on standard output and nothing else. */
  asJson: boolean;
  configuration: ReadConfiguration;
  config: Config;
  /** Opens the connection on first use. `logger` is for the app in this process; the default prints notes. */
  connect(logger?: Logger): Promise<Connection>;
};

export type CommandOptions = {
  terminal: Terminal;
  asJson: boolean;
  /** Shown as the holder of the lock, e.g. `nexus ingest`. */
  name: string;
  /** Settings by path that win over file and environment. */
  overrides?: Record<string, unknown>;
};

/** Returns the exit code: what `work` returns, 0 when it returns nothing, or that of its failure. */
export async function runCommand(
  options: CommandOptions,
  work: (context: CommandContext) => Promise<number | undefined>,
): Promise<number> {
  const { terminal, asJson, name, overrides = {} } = options;
  let connection: Promise<Connection> | undefined;
  try {
    const configuration = readConfiguration(overrides);
    const { config } = configuration;
    const context: CommandContext = {
      terminal,
      asJson,
      configuration,
      config,
      connect(logger = createNoteLogger(terminal)) {
        connection ??= connect(config, { command: name, logger });
        return connection;
      },
    };
    return (await work(context)) ?? 0;
  } catch (error) {
    return reportFailure(error, terminal, asJson);
  } finally {
    const opened = await connection?.catch(() => undefined);
    await opened?.close();
  }
}
