import path from 'node:path';
import { pullModel } from '#app/pull-model.ts';
import type { CommandContext } from '../command.ts';

export type PullOptions = { from?: string | undefined };

export async function runModelsPull(
  context: CommandContext,
  name: string | undefined,
  { from }: PullOptions,
): Promise<undefined> {
  const { config, terminal, asJson } = context;
  const pulled = await pullModel({
    name: name ?? config.models.embedding,
    directory: config.models.directory ?? path.join(config.home, 'models'),
    from,
    onFile: ({ name: file, sizeBytes }) => terminal.note(`Fetching ${file} (${(sizeBytes / 1e6).toFixed(1)} MB) …`),
  });
  if (asJson) terminal.printJson(pulled);
  else {
    terminal.print(
      pulled.fetched ? `The model is in ${pulled.directory}.` : `The model was there already: ${pulled.directory}.`,
    );
    terminal.print(
      'A running server takes it at its next start. Documents get their new vectors when they are ingested again.',
    );
  }
}
