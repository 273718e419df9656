import type { SearchReply } from '#modules/retrieval/contract.ts';
import type { CommandContext } from '../command.ts';
import { oneLine, placeOf } from './ask.ts';

export type SearchOptions = { limit: string; collection?: string | undefined };

export async function runSearch(context: CommandContext, query: string, options: SearchOptions): Promise<undefined> {
  const connection = await context.connect();
  const reply = await connection.call<SearchReply>({
    method: 'GET',
    path: '/api/v1/search',
    query: { query, limit: options.limit, collection_id: options.collection },
  });
  const { terminal } = context;
  if (context.asJson) {
    terminal.printJson(reply);
    return;
  }
  const { bold, dim } = terminal.colours;
  if (reply.passages.length === 0) {
    terminal.print('Nothing was found. Other words, or `./nexus ingest FOLDER` for more documents, may help.');
  }
  for (const [index, passage] of reply.passages.entries()) {
    const legs = Object.entries(passage.legs).map(([leg, { rank }]) => `${leg} #${rank}`);
    terminal.print(
      `${bold(`${index + 1}.`)} ${placeOf(passage)} ${dim(`${passage.score.toFixed(3)} · ${legs.join(', ')}`)}`,
    );
    terminal.print(dim(`   ${oneLine(passage.text, 260)}`));
  }
  for (const leg of reply.missing_legs) terminal.note(`The ${leg} leg was late or failed and was left out.`);
  terminal.print(dim(`${reply.took_ms.toFixed(1)} ms`));
}
